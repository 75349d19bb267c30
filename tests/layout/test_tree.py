import json
from dataclasses import replace

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.layout import columns_of, header_fields, json_fit, json_layout, parse_row, read_json, rows_of, value_at

LINE = b'{"time":"2012-01-09T23:00:00Z","login":"u1"}'

# Both write control signs inside a rendered list as escapes, but not with the same digits.
texts = st.text(alphabet=st.characters(blacklist_categories=["Cc", "Cs"]), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | texts,
    lambda x: st.lists(x, max_size=3) | st.dictionaries(texts, x, max_size=3),
    max_leaves=8,
)


def in_duckdb(text, path):
    (found,) = duckdb.execute("select json_extract_string(?, ?)", [text, path]).fetchone()
    return found or ""


def test_paths_reach_nested_odd_and_listed_values_as_duckdb_does():
    text = '{"a":{"b c":[{"d":1.50}]},"e":true,"f":null,"g":[1,{"h":"x"}],"a":2,"n":12345678901234567890123,"u":"\\u00e9"}'
    row = parse_row(text)
    for path in ("$.a", '$.a."b c"', '$.a."b c"[0].d', "$.e", "$.f", "$.g", "$.g[1].h", "$.n", "$.u", "$.missing.x", "$.g[9]", "$.e.x"):
        assert value_at(row, path) == in_duckdb(text, path)


@given(row=st.dictionaries(texts, values, max_size=4))
def test_every_path_of_a_row_means_the_same_to_duckdb(row):
    text = json.dumps(row)
    found = parse_row(text)
    for path in columns_of([row]).values():
        assert value_at(found, path) == in_duckdb(text, path)


@given(row=values)
def test_every_column_of_a_row_has_a_value_and_a_path(row):
    columns = columns_of([{"top": row}])
    assert all(isinstance(value_at({"top": row}, path), str) for path in columns.values())


def test_nested_keys_become_dotted_names_up_to_three_levels():
    columns = columns_of([{"a": {"b": {"c": {"d": 1}}}, "x y": 2, "headers": {"X-Msisdn": ["447700900123"]}}])
    assert columns == {"a.b.c": "$.a.b.c", "x y": '$."x y"', "headers.X-Msisdn": '$.headers."X-Msisdn"[0]'}


@pytest.mark.parametrize("key", ["", 'a"b', "a\\b", "a\0b", "a\nb", "\ud800"])
def test_a_key_that_no_path_can_name_is_no_column(key):
    assert columns_of([{key: 1, "b": 2}]) == {"b": "$.b"}


def test_columns_are_the_union_of_the_rows_in_the_order_of_their_coming():
    assert list(columns_of([{"b": 1}, {"a": 1, "b": 2}, {"c": None}])) == ["b", "a", "c"]


def test_json_that_breaks_parsers_is_no_row():
    assert parse_row("[" * 100_000) is None
    assert parse_row('{"a":NaN}') is None
    assert parse_row("[1]") is None
    assert parse_row('{"a":' + "9" * 5000 + "}") is not None


@pytest.mark.parametrize("levels", [70, 300, 900, 100_000])
@pytest.mark.parametrize(("left", "right"), [("[", "]"), ('{"a":', "}")])
def test_absurd_nesting_is_refused_and_never_exhausts_the_stack(levels, left, right):
    line = LINE.replace(b'"u1"', (left * levels + "1" + right * levels).encode())
    assert rows_of([line, LINE]) == [parse_row(LINE.decode())]
    assert read_json(json_layout(rows_of([LINE])), line) == "not valid json"


def test_usual_nesting_is_read_whole():
    inner = "[" * 50 + "]" * 50
    assert value_at(parse_row(f'{{"a":{inner}}}'), "$.a") == inner


def test_lone_surrogates_never_leave_a_row():
    value_at({"a": "\ud800", "b": {"\ud800": "\udfff"}}, "$.a").encode()
    value_at({"b": {"\ud800": "\udfff"}}, "$.b").encode()


def test_headers_are_found_by_prefix_and_by_parent():
    headers, responses = header_fields(["http_x_msisdn", "request.headers.X-Up-Id", "sent_http_x_customer", "response_headers.Age", "uri"])
    assert headers == {"x-msisdn": "http_x_msisdn", "x-up-id": "request.headers.X-Up-Id"}
    assert responses == {"x-customer": "sent_http_x_customer", "age": "response_headers.Age"}


def test_of_two_fields_with_one_header_the_first_is_meant():
    assert header_fields(["http_x_id", "headers.X-Id", "upstream_http_age", "sent_http_age"]) == (
        {"x-id": "http_x_id"},
        {"age": "upstream_http_age"},
    )


def test_a_layout_knows_fields_paths_roles_clock_and_headers():
    layout = json_layout(rows_of([b'{"ts":1326150000.5,"request":{"uri":"/","headers":{"X-Msisdn":["447700900123"]}}}']))
    assert (layout.kind, layout.clock) == ("json", "epoch")
    assert layout.fields == ("ts", "request.uri", "request.headers.X-Msisdn")
    assert layout.paths == ("$.ts", "$.request.uri", '$.request.headers."X-Msisdn"[0]')
    assert layout.roles == {"time": "ts", "uri": "request.uri"}
    assert layout.headers == {"x-msisdn": "request.headers.X-Msisdn"}


@pytest.mark.parametrize("raw", [LINE, b"\xef\xbb\xbf" + LINE, b"\0\0" + LINE + b"\r\n"])
def test_marks_and_line_ends_around_a_row_are_passed_over(raw):
    layout = json_layout(rows_of([raw]))
    assert read_json(layout, raw) == {"time": "2012-01-09T23:00:00Z", "login": "u1"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty line"),
        (b'{"time":"2012-01-09T23:00:00Z","a":', "line ends inside the json object"),
        (b'{"time":"2012-01-09T23:00:00Z",a}', "not valid json"),
        (b"[1]", "not a json object"),
        (b'{"login":"u1"}', "`time` is missing"),
        (b'{"time":null}', "`time` is missing"),
        (b'{"time":"soon"}', "time cannot be read"),
        (b"\x16\x03\x01", "binary data"),
    ],
)
def test_a_line_that_is_no_row_has_its_reason(line, reason):
    assert read_json(json_layout(rows_of([LINE])), line) == reason


def test_a_layout_without_a_time_reads_nothing():
    layout = json_layout([{"login": "u1"}])
    assert read_json(replace(layout, roles={}), LINE) == "the layout has no time"


def test_the_fit_is_the_share_of_rows_with_a_time():
    layout = json_layout(rows_of([LINE]))
    assert json_fit(layout, [LINE, b"", b"x", LINE, b'{"login":"u1"}']) == 0.5
    assert json_fit(layout, []) == json_fit(layout, [b" "]) == 0.0
