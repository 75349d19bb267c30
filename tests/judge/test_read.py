"""How does a file become ledger rows? Whatever it holds, lines = disclosures + rejected + other."""

import gzip
import importlib
import itertools
import json
from dataclasses import replace

import msgspec
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from small_operator import BILLS, LOGINS, MADE, case, counts, judged, line, operator, portal, read_counts, written
from whosaw import config, judge
from whosaw.engine import inputs
from whosaw.engine.fingerprint import Fingerprint
from whosaw.errors import ConfigError, InputError, LedgerError
from whosaw.judge.plan import task
from whosaw.judge.work import opened
from whosaw.ledger import Ledger

reading = importlib.import_module("whosaw.judge.read")  # the room offers a function of the same name

HERS = line("10:00", "anna", account="A1")
NGINX = '192.0.2.7 - anna [10/Jan/2012:10:00:00 +0000] "GET /bill/B1 HTTP/1.1" 200 512 "-" "x"'
SQUID = "1326189600.123    12 192.0.2.7 TCP_MISS/200 512 GET http://pay.example/bill/B1 - HIER_DIRECT/192.0.2.9 text/html"
CSV = "time,login,account,uri\n2012-01-10T10:00:00Z,anna,A1,/home\n"

SOURCES = {
    "nginx": {"format": "nginx", "recipient": "remote_user", "customer": [], "session": [], "object": "query:b", "object_type": "bill"},
    "squid": {"format": "squid", "recipient": "login", "customer": "query:c", "session": []},
    "csv": {"format": "csv", "session": []},
    "jsonl": {"format": "jsonl"},
}
SAMPLES = {"nginx": NGINX + "\n", "squid": SQUID + "\n", "csv": CSV, "jsonl": HERS + "\n"}


def only(**changes):
    return {"source": [portal(**changes)]}


# --- reading never raises -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """One opened ledger for all examples: each is a file of its own."""
    folder = operator(tmp_path_factory.mktemp("any"), [HERS])
    with opened(case(folder), write=True) as work:
        judge.read_all(work, lambda *_: None)
        yield work


NUMBERS = itertools.count()


def add_up(work, form, data):
    path = work.case.folder / f"any-{next(NUMBERS)}.log"
    path.write_bytes(data)
    source = msgspec.convert(portal(**SOURCES[form]) | {"name": f"any-{next(NUMBERS)}"}, config.Source)
    try:
        job = task(path, source, folder=work.case.folder, key="source[0]")
        reading.read(work, job, progress=lambda *_: None)
    except InputError as problem:
        assert problem.hint  # noqa: PT017 - a file of which nothing can be read is left out, and said to be
        return None
    row = next(f for f in work.ledger.files() if f.source == source.name)
    assert row.lines == row.disclosures + row.rejected + row.other
    return row


def hostile(form):
    """Bytes near a real line: cut, doubled, and with pieces of anything put in."""
    base = SAMPLES[form].encode()
    pieces = st.one_of(
        st.binary(max_size=12),
        st.sampled_from(
            [
                b"\x00",
                b"\xff",
                b"%ff",
                b"%",
                b'"',
                b"\\x",
                b"\\",
                b"\r",
                b"\n",
                b"\xef\xbb\xbf",
                b"\\ud800",
                b"99999999999999999999",
                b"infinity",
            ]
        ),
    )
    changes = st.lists(st.tuples(st.integers(0, len(base)), st.integers(0, 6), pieces), max_size=4)

    def changed(edits):
        data = bytearray(base * 2)
        for at, cut, piece in edits:
            data[at : at + cut] = piece
        return base + bytes(data)

    return changes.map(changed)


@pytest.mark.parametrize("form", SOURCES)
def test_no_bytes_make_reading_raise_and_the_counts_add_up(work, form):
    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    @given(st.one_of(st.binary(max_size=200), hostile(form), hostile(form)))
    def law(data):
        add_up(work, form, data)

    law()


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("squid", SQUID.replace("1326189600.123", "99999999999999.000")),
        ("squid", SQUID.replace("1326189600.123", "9999999999999999999999.1")),
        ("squid", SQUID.replace("/bill/B1", "/?c=%ff%fe")),
        ("nginx", NGINX.replace("/bill/B1", "/?b=%C3")),
        ("nginx", NGINX.replace("/bill/B1", "/%00%ff")),
        ("nginx", NGINX.replace("200 512", "99999 99999999999999999999999")),
        ("nginx", NGINX.replace("+0000", "+9999")),
        ("nginx", NGINX.replace("2012", "9999")),
        ("jsonl", HERS.replace("2012-01-10", "294000-01-01")),
        ("jsonl", HERS.replace("A1", "\\ud800")),
        ("jsonl", HERS.replace("A1", "a\\u0000b")),
        ("jsonl", HERS.replace('"A1"', "[" * 5000)),
        ("csv", CSV + "infinity,anna,A1,/home\n-infinity,anna,A1,/home\nepoch,anna,A1,/home\n"),
    ],
)
def test_values_beyond_what_a_column_holds_are_no_error(work, form, data):
    assert add_up(work, form, (SAMPLES[form] + data + "\n").encode()).lines >= 2


def test_a_time_no_log_can_have_is_rejected_and_stretches_no_scope(tmp_path):
    operator(tmp_path, [HERS, line("1970-01-01T00:00:00Z", "anna"), line("9999-12-31T00:00:00Z", "anna"), line("infinity", "anna")])
    result = judged(tmp_path)
    assert read_counts(result) == (4, 1, 3, 0)
    assert {bad.reason for bad in result.rejected} == {"time cannot be read"}
    assert result.coverage[0].since == result.coverage[0].until


# --- odd files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{HERS}\n", (1, 1, 0, 0)),
        (HERS, (1, 1, 0, 0)),
        (f"{HERS}\r\n{HERS}\r\n", (2, 2, 0, 0)),
        (f"\ufeff{HERS}\n{HERS}\n", (2, 2, 0, 0)),
        (f"\n{HERS}\n\n", (3, 1, 2, 0)),
        (f"{HERS}\n\x00\x00\x00\n{HERS}\n", (3, 2, 1, 0)),
        (f"\x00\x00{HERS}\n{HERS}\n", (2, 2, 0, 0)),
        (f"{HERS}\n{NGINX}\n{SQUID}\n", (3, 1, 2, 0)),
        (HERS.encode() + b"\n" + line("10:01", "JOS").encode().replace(b"JOS", b"Jos\xe9") + b"\n", (2, 2, 0, 0)),
        (HERS.encode() + b"\n" + bytes(range(256)) + b"\n", (3, 1, 2, 0)),
        (HERS.encode() + b"\n" + b"x" * 10_000_000 + b"\n" + HERS.encode() + b"\n", (3, 2, 1, 0)),
    ],
)
def test_an_odd_file_is_read_as_far_as_it_can_be(tmp_path, content, expected):
    operator(tmp_path, portal_log=content)
    assert read_counts(judged(tmp_path)) == expected


@pytest.mark.parametrize("form", SOURCES)
def test_an_empty_file_stops_nothing_and_is_a_doubt(tmp_path, form):
    operator(tmp_path, portal_log="")
    written(tmp_path, other_log=HERS + "\n")
    result = judged(tmp_path, {"source": [portal(**SOURCES[form]), portal(name="other", files=["other.log"])]})
    assert read_counts(result) == (1, 1, 0, 0)
    assert result.doubts == ["`portal.log` is empty"]
    assert not result.partial
    operator(tmp_path, portal_log=SAMPLES[form])
    assert read_counts(judged(tmp_path, {"source": [portal(**SOURCES[form]), portal(name="other", files=["other.log"])]}))[0] == 2


def test_a_table_with_nothing_but_its_heading_has_no_lines(tmp_path):
    operator(tmp_path, portal_log=CSV.split("\n", maxsplit=1)[0] + "\n")
    assert read_counts(judged(tmp_path, only(**SOURCES["csv"]))) == (0, 0, 0, 0)


def test_a_line_that_cannot_be_read_is_shown_with_its_place_and_never_with_its_text(tmp_path):
    operator(tmp_path, [HERS, "447700900123 secret-text"])
    result = judged(tmp_path)
    (bad,) = result.rejected
    assert (bad.source, bad.file, bad.line, bad.reason) == ("portal", "portal.log", 2, "not a json object")
    assert b"447700900123" not in msgspec.json.encode(result)
    assert "1 of 2 lines could not be read (50.0%)" in result.doubts[0]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_log_and_its_compressed_copy_are_the_same_input(tmp_path, pack):
    content = f"{HERS}\n".encode() * 3
    operator(tmp_path, portal_log=content)
    plain = judged(tmp_path)
    written(tmp_path, **{"portal_log.x": pack(content)})
    assert judged(tmp_path) == plain
    (tmp_path / "portal.log").unlink()
    assert judged(tmp_path) == plain


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_of_a_damaged_archive_what_came_before_is_judged_and_the_doubt_is_told(tmp_path, pack):
    rows = [line(f"2012-01-10T10:{i // 60:02}:{i % 60:02}Z", "anna", account="A1", noise=str(hash(i * 7919))) for i in range(3000)]
    packed = pack("".join(f"{row}\n" for row in rows).encode())
    operator(tmp_path, portal_log=packed[: len(packed) // 2])
    cut = judged(tmp_path)
    assert 500 < read_counts(cut)[1] < 3000
    assert any("compressed data is damaged or ends early" in doubt for doubt in cut.doubts)
    operator(tmp_path, portal_log=packed)
    assert read_counts(judged(tmp_path)) == (3000, 3000, 0, 0)


def test_the_size_of_the_blocks_changes_nothing(tmp_path, monkeypatch):
    rows = [HERS, "garbage", line("10:01", "bert", account="A1"), line("10:02", "anna", uri="/style.css")] * 20
    operator(tmp_path, rows)
    whole = judged(tmp_path, ledger="one")
    for size in (100, 333):
        monkeypatch.setattr(inputs, "BLOCK", size)
        assert judged(tmp_path, ledger=f"l{size}") == whole


def test_long_logs_are_written_in_parts_and_are_the_same(tmp_path, monkeypatch):
    operator(tmp_path, [HERS, line("10:01", "bert", account="A1")] * 20)
    whole = judged(tmp_path, ledger="one")
    monkeypatch.setattr(inputs, "BLOCK", 200)
    monkeypatch.setattr(reading, "PART_ROWS", 5)
    assert judged(tmp_path, ledger="many") == whole
    assert len(list((tmp_path / "many" / "disclosures").rglob("*.parquet"))) > 3


def test_lines_out_of_order_are_judged_as_if_in_order(tmp_path):
    rows = [line(f"10:{i:02}", "bert", account="A1") for i in range(9)]
    operator(tmp_path, rows)
    one = judged(tmp_path, ledger="one")
    operator(tmp_path, rows[::-1])
    two = judged(tmp_path, ledger="two")
    assert (one.incidents[0].since, one.incidents[0].until, counts(one)) == (two.incidents[0].since, two.incidents[0].until, counts(two))
    assert one.coverage == two.coverage


# --- clocks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "zone", "utc"),
    [
        ("2012-01-10T16:30:00+0630", "UTC", "10:00"),
        ("2012-01-10T16:30:00+06:30", "UTC", "10:00"),
        ("2012-01-10T11:00:00+01", "UTC", "10:00"),
        ("2012-01-10 16:30:00", "Asia/Yangon", "10:00"),
        ("2012-01-10 10:00:00", "Europe/London", "10:00"),
        ("2012-01-10T10:00:00Z", "Asia/Yangon", "10:00"),
    ],
)
def test_a_time_is_read_with_its_zone_or_the_configured_one(tmp_path, time, zone, utc):
    operator(tmp_path, [line(time, "anna", account="A1")])
    assert f"{judged(tmp_path, only(timezone=zone)).coverage[0].since:%H:%M}" == utc


def test_summer_time_is_known(tmp_path):
    operator(tmp_path, [line("2012-07-10 11:00:00", "anna", account="A1")])
    assert judged(tmp_path, only(timezone="Europe/London")).coverage[0].since.hour == 10


def test_the_operators_zone_holds_for_sources_without_one(tmp_path):
    operator(tmp_path, [line("2012-01-10 16:30:00", "anna", account="A1")])
    assert judged(tmp_path, {"operator": {"timezone": "Asia/Yangon"}}).coverage[0].since.hour == 10


@pytest.mark.parametrize(
    ("clock", "time"), [("epoch", "1326189600.5"), ("epoch_ms", "1326189600500"), ("%d/%m/%Y %H:%M:%S", "10/01/2012 10:00:00")]
)
def test_a_clock_may_be_named(tmp_path, clock, time):
    operator(tmp_path, [line(time, "anna", account="A1")])
    assert f"{judged(tmp_path, only(clock=clock)).coverage[0].since:%Y-%m-%d %H:%M}" == "2012-01-10 10:00"


# --- formats --------------------------------------------------------------------------------------------------------


def test_a_parquet_log_is_read_like_json_lines(tmp_path):
    operator(tmp_path)
    with opened(case(tmp_path)) as work:
        work.engine.run(
            "copy (select timestamp '2012-01-10 10:00' as time, 'anna' as login, 'A1' as account, '/home' as uri, 200 as status, 's' as sid) "
            f"to '{tmp_path / 'portal.log'}' (format parquet)"
        )
    result = judged(tmp_path, only(format="parquet"))
    assert read_counts(result) == (1, 1, 0, 0)
    assert counts(result) == (1, 0, 0)
    (tmp_path / "portal.log").write_bytes((tmp_path / "portal.log").read_bytes()[:100])
    assert "damaged Parquet file" in judged(tmp_path, only(format="parquet"), ledger="new").doubts[0]


def test_a_browsers_record_is_a_document_of_rows(tmp_path):
    entry = {
        "startedDateTime": "2012-01-10T10:00:00Z",
        "request": {"method": "GET", "url": "https://portal.example/bill/B1", "headers": [{"name": "Cookie", "value": "sid=s1"}]},
        "response": {"status": 200, "content": {"size": 5}},
    }
    har = {"log": {"version": "1.2", "creator": {"name": "b"}, "entries": [entry, {"startedDateTime": "never"}, "x"]}}
    operator(tmp_path, portal_log=json.dumps(har))
    result = judged(tmp_path, only(format="har", recipient="=anna", customer=[], session="cookie:sid"))
    assert read_counts(result) == (3, 1, 2, 0)
    assert counts(result) == (1, 0, 0)


def test_a_file_that_vanishes_after_planning_is_left_out(tmp_path):
    operator(tmp_path, [HERS])
    (tmp_path / "portal-b.log").write_text(HERS + "\n" + HERS + "\n")
    result = judge.run(
        case(tmp_path),
        made=MADE,
        command="test",
        progress=lambda *_: None,
        note=lambda _: (tmp_path / "portal-b.log").unlink(),
    )
    assert read_counts(result) == (1, 1, 0, 0)
    assert result.doubts[0].startswith("left out: cannot read")


def test_an_old_copy_of_a_log_adds_nothing_whichever_is_read_first(tmp_path):
    operator(tmp_path, [HERS, HERS, HERS])
    text = (tmp_path / "portal.log").read_text()
    for copy in ("a-copy.log", "z-copy.log"):
        (tmp_path / copy).write_text(text[: text.index("\n") + 1])
    assert read_counts(judged(tmp_path, only(files=["*.log"]))) == (3, 3, 0, 0)


def test_a_log_that_is_known_is_not_taken_apart_again(tmp_path, monkeypatch):
    operator(tmp_path, [HERS, HERS])
    first = judged(tmp_path)
    monkeypatch.setattr(reading._Reading, "take", lambda *_: pytest.fail("it was read again"))
    assert judged(tmp_path) == first


def test_progress_hears_of_each_file(tmp_path):
    operator(tmp_path, [HERS])
    heard = []
    judge.run(case(tmp_path), made=MADE, command="test", progress=lambda *what: heard.append(what))
    size = (tmp_path / "portal.log").stat().st_size
    assert heard == [("portal.log", size, size, 1)]


def test_a_look_at_the_first_lines_stops_early(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "BLOCK", 1 << 10)
    operator(tmp_path, [HERS] * 1000)
    with opened(case(tmp_path), write=True) as work:
        (job,) = judge.plan(work.case.config, tmp_path)[0]
        reading.read(work, job, progress=lambda *_: None, most=20)
    with Ledger(tmp_path / "ledger") as ledger:
        assert 20 <= ledger.files()[0].lines < 60


def test_a_pick_that_no_file_has_is_a_config_error(tmp_path):
    operator(tmp_path, [HERS])
    with pytest.raises(ConfigError, match=r"`source\[0\]\.recipient` names `user`, which the lines do not have") as problem:
        judged(tmp_path, only(recipient="user"))
    assert "`login`" in problem.value.hint


# --- going on where the ledger stands -------------------------------------------------------------------------------


def stands(folder, ledger="ledger"):
    with Ledger(folder / ledger) as asking:
        return asking.files()


def answer(folder, ledger="ledger"):
    result = judged(folder, ledger=ledger)
    return result.read, result.verdicts, result.coverage, [(r.line, r.reason) for r in result.rejected], result.timeline


KINDS = [
    HERS,
    "garbage",
    line("10:01", "bert", account="A1"),
    line("10:07", "anna", uri="/style.css"),
    line("10:12", "anna", uri="/bill/B2"),
]


@settings(max_examples=25, deadline=None)
@given(kinds=st.lists(st.sampled_from(KINDS), max_size=8), cuts=st.lists(st.floats(0, 1), max_size=4), unended=st.booleans())
def test_a_log_that_is_read_while_it_grows_is_the_log_read_once(tmp_path_factory, kinds, cuts, unended):
    folder = tmp_path_factory.mktemp("grows")
    text = "\n".join([HERS, *kinds]) + ("" if unended else "\n")
    for share in sorted(cuts):
        operator(folder, portal_log=text[: int(share * len(text))])
        judged(folder)
    operator(folder, portal_log=text)
    assert answer(folder) == answer(folder, "once")
    one, once = ([replace(f, number=0, batch=0) for f in stands(folder, ledger)] for ledger in ("ledger", "once"))
    assert one == once


def test_only_what_is_new_is_taken_apart(tmp_path, monkeypatch):
    operator(tmp_path, [HERS] * 3)
    judged(tmp_path)
    taken, real = [], reading._Reading.take

    def take(self, where):
        taken.extend(range(where.block.first, where.block.first + len(where.block)))
        real(self, where)

    monkeypatch.setattr(reading._Reading, "take", take)
    operator(tmp_path, [HERS] * 5)
    assert read_counts(judged(tmp_path)) == (5, 5, 0, 0)
    assert taken == [4, 5]


def test_of_a_known_log_only_the_end_is_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("whosaw.engine.fingerprint.BLOCK", 1 << 10)
    monkeypatch.setattr(inputs, "BLOCK", 1 << 10)
    operator(tmp_path, [line("10:00", "anna", account="A1", filler=str(i)) for i in range(2000)])
    judged(tmp_path)
    fed, real = [], inputs.Fingerprint.update
    monkeypatch.setattr(inputs.Fingerprint, "update", lambda self, data: real(self, data) or fed.append(len(data)))
    assert read_counts(judged(tmp_path)) == (2000, 2000, 0, 0)
    assert sum(fed) < 80 << 10, "64 KiB to find it by its beginning, and two blocks of its end"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_log_that_is_rotated_and_packed_later_is_still_known(tmp_path, pack):
    operator(tmp_path, [HERS] * 2)
    first = judged(tmp_path)
    content = (tmp_path / "portal.log").read_bytes()
    (tmp_path / "portal.log").rename(tmp_path / "portal.log.1")
    assert judged(tmp_path) == first
    (tmp_path / "portal.log.1").unlink()
    (tmp_path / "portal.log.2.x").write_bytes(pack(content))
    assert judged(tmp_path) == first
    (tmp_path / "portal.log.2.x").write_bytes(pack(content + HERS.encode() + b"\n"))
    assert read_counts(judged(tmp_path)) == (3, 3, 0, 0)


def test_a_document_that_was_half_written_is_read_anew_when_it_is_whole(tmp_path):
    entry = {
        "startedDateTime": "2012-01-10T10:00:00Z",
        "request": {"method": "GET", "url": "https://portal.example/bill/B1", "headers": []},
        "response": {"status": 200, "content": {"size": 5}},
    }
    whole = json.dumps({"log": {"version": "1.2", "creator": {"name": "b"}, "entries": [entry, entry]}})
    changes = only(format="har", recipient="=anna", customer=[], session=[])
    operator(tmp_path, portal_log=whole[:-30])
    assert judged(tmp_path, changes).read.disclosures < 2
    operator(tmp_path, portal_log=whole)
    assert read_counts(judged(tmp_path, changes)) == (2, 2, 0, 0)
    assert len(stands(tmp_path)) == 1


# --- following ------------------------------------------------------------------------------------------------------


def followed(folder, *pieces, known=None, mark=None, path="portal.log"):
    """The ledger's row after each piece of a followed log was added, in one process."""
    rows = []
    mark = mark or Fingerprint()
    with opened(case(folder), write=True) as work:
        for piece in pieces:
            with (folder / path).open("ab") as f:
                f.write(piece)
            (job,) = [t for t in judge.plan(work.case.config, folder)[0] if t.shown == path]
            mark = mark.copy()
            mark.update(piece)
            known = reading.extend(work, job, piece, known, mark=mark)
            rows.append(known)
    return rows


def test_a_followed_log_is_the_log_read_once(tmp_path):
    operator(tmp_path, [])
    pieces = [f"{row}\n".encode() for row in KINDS]
    rows = followed(tmp_path, *pieces[:2], b"".join(pieces[2:]))
    assert [(r.lines, r.size) for r in rows] == [(1, len(pieces[0])), (2, len(pieces[0] + pieces[1])), (5, sum(map(len, pieces)))]
    assert stands(tmp_path) == [rows[-1]]
    assert [r.batch for r in rows] == [1, 2, 3]
    assert answer(tmp_path) == answer(tmp_path, "once")
    assert stands(tmp_path) == [rows[-1]], "to judge the same file adds nothing"


def test_what_judge_has_read_is_followed_on_and_the_other_way_round(tmp_path):
    operator(tmp_path, portal_log=(HERS + "\n" + HERS[:30]).encode())
    judged(tmp_path)
    (row,) = stands(tmp_path)
    assert (row.lines, row.unfinished) == (2, "rejected")
    mark = Fingerprint()
    mark.update((tmp_path / "portal.log").read_bytes())
    (row,) = followed(tmp_path, HERS[30:].encode() + b"\n" + HERS.encode() + b"\n", known=row, mark=mark)
    assert (row.lines, row.disclosures, row.rejected, row.unfinished) == (3, 3, 0, "")
    with (tmp_path / "portal.log").open("a") as f:
        f.write(HERS)
    assert read_counts(judged(tmp_path)) == (4, 4, 0, 0)
    assert answer(tmp_path) == answer(tmp_path, "once")


def test_the_same_piece_is_not_added_twice(tmp_path):
    operator(tmp_path, [])
    piece = f"{HERS}\n".encode()
    first, _ = followed(tmp_path, piece, piece)
    with pytest.raises(LedgerError, match="has gone on in the ledger meanwhile"):
        followed(tmp_path, piece, known=first)
    assert [f.lines for f in stands(tmp_path)] == [2]


def test_the_heading_of_a_followed_table_is_no_line_of_it(tmp_path):
    changes = only(format="csv", files=["portal.csv"])
    text = b"time,login,account,sid,uri\n2012-01-10T10:00:00Z,anna,A1,s,/home\n"
    written(tmp_path, logins_csv=LOGINS, bills_csv=BILLS, portal_csv=text)
    with opened(case(tmp_path, changes), write=True) as work:
        (job,) = judge.plan(work.case.config, tmp_path)[0]
        mark = Fingerprint()
        mark.update(text)
        row = reading.extend(work, job, text, None, mark=mark)
        mark.update(text[27:])
        row = reading.extend(work, job, text[27:], row, mark=mark)
        work.ledger.open_in(work.engine)
        assert work.engine.rows("select source_line from disclosures_read order by id") == [(2,), (3,)]
    assert (row.lines, row.disclosures, row.rejected) == (2, 2, 0)


def test_a_table_that_has_grown_is_numbered_on_and_its_last_line_without_an_end_is_read_again(tmp_path):
    changes = only(format="csv", files=["portal.csv"])
    first = b"time,login,account,sid,uri\n2012-01-10T10:00:00Z,anna,A1,s,/home\n2012-01-10T10:00:00Z,bert,A"
    operator(tmp_path, [], portal_csv=first)
    assert counts(judged(tmp_path, changes)) == (1, 0, 0)
    (tmp_path / "portal.csv").write_bytes(first + b"2,s,/home\n2012-01-10T10:00:00Z,anna,A1,s,/home\n")
    assert counts(judged(tmp_path, changes)) == (3, 0, 0)
    with opened(case(tmp_path, changes)) as work:
        work.ledger.open_in(work.engine)
        assert work.engine.rows("select source_line from disclosures_read order by id") == [(2,), (3,), (4,)]


# --- a format that changes on the way -------------------------------------------------------------------------------


COMBINED = '10.0.0.1 - anna [10/Jan/2012:10:{m:02}:{s:02} +0000] "GET /home HTTP/1.1" 200 900 "-" "Mozilla/5.0"'
VHOST = f"www.example:80 {COMBINED}"
APACHE = {"source": [portal(format="apache", customer="", session="")]}


def lines_of(shape, count):
    return [shape.format(m=i // 60 % 60, s=i % 60) for i in range(count)]


@pytest.mark.parametrize("later", [25, 400])
def test_lines_of_another_shape_in_the_middle_of_a_file_are_read(tmp_path, later):
    lines = lines_of(COMBINED, 300) + lines_of(VHOST, later) + lines_of(COMBINED, 40)
    result = judged(operator(tmp_path, lines), APACHE)
    assert read_counts(result)[0] == len(lines)
    assert result.read.rejected == 0
    assert result.coverage[0].until.minute == max(later - 1, 299) // 60


def test_a_shape_that_stays_is_the_one_that_what_follows_is_read_by(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "BLOCK", 1 << 13)
    swaps = []
    asked = reading._Reading._take_otherwise
    monkeypatch.setattr(reading._Reading, "_take_otherwise", lambda self, *what: swaps.append(len(what[1])) or asked(self, *what))
    lines = lines_of(COMBINED, 900) + lines_of(VHOST, 900)
    result = judged(operator(tmp_path, lines), APACHE)
    assert read_counts(result)[0] == len(lines)
    assert result.read.rejected < reading.MANY_REJECTED
    assert len([count for count in swaps if count]) <= 2, "only the block with the change in it, and perhaps the next"


def test_json_whose_time_has_another_name_from_the_middle_on_is_read(tmp_path):
    row = line("10:00", "anna", account="A1")
    renamed = row.replace('"time"', '"@timestamp"')
    operator(tmp_path, [row] * 30 + [renamed] * 300 + ["nonsense"] * 3)
    result = judged(tmp_path, {"source": [portal(format="")]})
    assert (read_counts(result)[0], result.read.rejected, result.verdicts.entitled) == (333, 3, 330)


def test_a_format_that_is_configured_is_not_another_one(tmp_path):
    source = portal(format="apache", layout="combined", customer="", session="")
    result = judged(operator(tmp_path, lines_of(COMBINED, 30) + lines_of(VHOST, 30)), {"source": [source]})
    assert result.read.rejected == 30


def test_rejected_lines_without_a_shape_stay_rejected(tmp_path):
    result = judged(operator(tmp_path, [*lines_of(COMBINED, 30), *["\x16\x03\x01 hello"] * 60]), APACHE)
    assert (result.read.lines, result.read.rejected) == (90, 60)
