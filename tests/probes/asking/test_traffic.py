"""Routes come from traffic as templates; no id or name of a customer that stands in it is ever part of one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import selfcare
from whosaw.config import probing
from whosaw.errors import InputError
from whosaw.probes.asking.traffic import operations

TARGET = probing.parse(selfcare.document(selfcare.Portal(port=8080), bind={"customers": "account"}))
LINE = '192.0.2.9 - - [10/Jan/2026:10:00:{:02d} +0000] "{} HTTP/1.1" {} 99 "-" "Mozilla/5.0"\n'


def read(folder, *asked, status=200):
    path = folder / "access.log"
    path.write_text("".join(LINE.format(i % 60, one, status) for i, one in enumerate(asked)))
    found, notes = operations(path, TARGET)
    return sorted(op.name for op in found), notes


def test_an_id_becomes_a_placeholder_by_what_stands_before_it_or_by_its_shape(tmp_path):
    found, _ = read(tmp_path, "GET /bills/77123", "GET /customers/4711/calls", "GET /internal/dump/A-7788", "GET /help")
    assert found == ["GET /bills/{bill}", "GET /customers/{account}/calls", "GET /help", "GET /internal/dump/{account}"]


def test_an_own_id_is_known_wherever_it_stands(tmp_path):
    assert read(tmp_path, "GET /x/B-5001/y")[0] == ["GET /x/{bill}/y"]


def test_what_may_be_a_name_is_taken_for_an_id(tmp_path):
    found, notes = read(
        tmp_path, "GET /users/john", "GET /profile/mary.smith", "GET /notes/ab@mail.example", "GET /art/77", "GET /art/john"
    )
    assert found == []
    assert "5 addresses take an id" in notes[0]


def test_more_words_than_pages_at_one_place_are_names(tmp_path):
    words = [f"GET /album/{a}{b}" for a in "abcd" for b in "efgh"]
    assert read(tmp_path, *words)[0] == []


def test_values_of_a_query_are_left_out_unless_they_choose_a_page(tmp_path):
    found, _ = read(tmp_path, "GET /app?action=show&account=A-9&name=john", "GET /app?q=447700900199")
    assert found == ["GET /app", "GET /app?action=show&account={account}"]


def test_writes_refusals_and_files_are_no_routes(tmp_path):
    assert read(tmp_path, "POST /a", "GET /style.css", "GET /logo.png")[0] == []
    assert read(tmp_path, "GET /.env", "GET /wp-login.php", status=404)[0] == []


def test_a_har_file_is_read_as_well(tmp_path):
    entry = {
        "startedDateTime": "2026-01-10T10:00:00Z",
        "request": {"method": "GET", "url": "http://127.0.0.1:8080/bills/B-5001?x=1", "headers": []},
        "response": {"status": 200, "headers": [], "content": {"size": 3}},
    }
    path = tmp_path / "browser.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": [entry]}}))
    assert [op.name for op in operations(path, TARGET)[0]] == ["GET /bills/{bill}"]


def test_lines_that_no_reader_knows_are_named(tmp_path):
    path = tmp_path / "access.log"
    path.write_text("what is this\n" * 3)
    with pytest.raises(InputError, match="no reader knows"):
        operations(path, TARGET)


PARTS = st.sampled_from(
    ["bills", "447700900555", "A-9999", "users", "zoe", "B-1", "0c8e5a2e-1111-4222-8333-44445555", "x@y.example", "api", "v1"]
)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=5), min_size=1, max_size=8))
def test_no_id_of_the_log_is_ever_part_of_a_route(tmp_path_factory, paths):
    found, _ = read(tmp_path_factory.mktemp("log"), *("GET /" + "/".join(parts) for parts in paths))
    for name in found:
        assert not any(held in name for held in ("4477", "A-9", "B-1", "0c8e", "@")), name
        assert "/users/zoe" not in name
