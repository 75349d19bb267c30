import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.errors import ConfigError
from whosaw.layout import fit, heading_of, read_table_line, table_layout


@pytest.mark.parametrize(
    ("line", "names", "separator"),
    [
        (b"time,agent,customer", ["time", "agent", "customer"], ","),
        ("\ufefftime;agent\r".encode(), ["time", "agent"], ";"),
        (b'"time"\t"agent id"', ["time", "agent id"], "\t"),
        (b"time|agent, or none|x", ["time", "agent, or none", "x"], "|"),
        ("zeit,kunde,größe".encode("latin-1"), ["zeit", "kunde", "größe"], ","),
        (b"2012-01-09,a1", [], ","),
        (b"a,a", [], ","),
        (b"a,", [], ","),
        (b"one", [], ","),
        (b"", [], ","),
        (b'a,b"c', [], ","),
        (b"GET / a=1,b", [], ","),
        (b'{"time": "x", "b": 1}', [], ","),
    ],
)
def test_a_heading_is_different_names_and_no_values(line, names, separator):
    found, sign = heading_of(line)
    assert found == names
    assert not names or sign == separator


@pytest.mark.parametrize("line", [b"msisdn", b"\xef\xbb\xbfmsisdn\r\n", b'"msisdn"'])
def test_a_single_column_is_a_heading_only_for_who_asks_for_one(line):
    assert heading_of(line)[0] == []
    assert heading_of(line, least=1)[0] == ["msisdn"]
    with pytest.raises(ConfigError, match="at least two"):
        table_layout(line.decode())
    assert table_layout(line.decode(), least=1).fields == ("msisdn",)


@pytest.mark.parametrize("line", [b"447700900123", b"", b"\xef\xbb\xbf"])
def test_a_value_is_no_heading_of_a_single_column_either(line):
    assert heading_of(line, least=1)[0] == []


@given(raw=st.binary(max_size=80), least=st.integers(1, 3))
def test_every_line_is_a_heading_or_none(raw, least):
    names, separator = heading_of(raw, least=least)
    assert not names or len(set(names)) == len(names) >= least
    assert separator in ",;\t|"


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    assert table_layout("\ufefftime,agent").roles["time"] == "time"


def test_a_table_without_a_heading_skips_nothing():
    assert table_layout("time,agent").skip == 1
    assert table_layout("no heading: time,agent").skip == 0
    assert table_layout("no heading: time,agent").fields == ("time", "agent")


def test_without_a_sample_a_table_of_exports_is_read_as_iso():
    assert table_layout("time,login").clock == "iso"


def test_the_sample_tells_the_clock_and_which_column_is_the_time():
    layout = table_layout("number;logged;time", [b"447700900123;09.01.2012 23:00:00;x", b'"1";"10.01.2012 23:00:00";y'])
    assert (layout.roles["time"], layout.clock) == ("logged", "%d.%m.%Y %H:%M:%S")


def test_the_usual_names_of_a_role_may_be_others():
    assert table_layout("time,nr", names={"customer": ["nr"]}).roles["customer"] == "nr"


def test_columns_named_after_headers_are_headers():
    layout = table_layout("time,http_x_msisdn,sent_http_x_customer")
    assert (layout.headers, layout.responses) == ({"x-msisdn": "http_x_msisdn"}, {"x-customer": "sent_http_x_customer"})


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_other_separators_are_text(separator):
    layout = table_layout(separator.join(["time", "note"]))
    others = ",;\t|".replace(separator, "")
    line = f"2012-01-09 23:00:00{separator}{others}"
    assert read_table_line(layout, line.encode())["note"] == others
    assert fit(layout, [b"", line.encode()]) == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('2012-01-09 23:00:00|"first line', "quoted field spans lines"),
        ("2012-01-09 23:00:00", "line ends before `note`"),
        ("2012-01-09 23:00:00|x|y", "more columns than the heading"),
        ('2012-01-09 23:00:00|"x" y', "unbalanced quote"),
        ("yesterday|x", "time cannot be read"),
        (" \r", "empty line"),
        ("\x16\x03", "binary data"),
    ],
)
def test_the_reason_says_which_column_is_missing_and_never_quotes_the_line(line, reason):
    assert read_table_line(table_layout("time|note"), line.encode()) == reason


@given(line=st.text(alphabet=st.sampled_from('a1 ,;"\n\0é'), max_size=40).map(lambda text: "2012-01-09," + text) | st.text(max_size=40))
def test_a_line_has_all_its_cells_or_a_reason(line):
    layout = table_layout("time,a,b")
    found = read_table_line(layout, line.encode("utf-8", "surrogatepass"))
    assert found if isinstance(found, str) else tuple(found) == layout.fields
