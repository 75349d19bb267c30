"""The law: a file read without the pattern gives the very same ledger as one read with it."""

import itertools

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from odd_lines import NAMED, combined, damaged
from small_operator import case, line, operator, portal
from whosaw import config, judge
from whosaw.engine.block import block_of
from whosaw.errors import InputError
from whosaw.judge import mapping, plain
from whosaw.judge.mapping import row_queries
from whosaw.judge.plan import task
from whosaw.judge.read import read
from whosaw.judge.work import Often, opened
from whosaw.layout import shape_of
from whosaw.readers import nginx

FORMS = {
    "nginx": {"format": "nginx", "layout": "combined"},
    "apache": {"format": "apache", "layout": "combined"},
    "json": {"format": "jsonl"},
    "nginx json": {"format": "nginx_json", "recipient": "remote_user"},
    "csv": {"format": "csv", "layout": "no heading:time,login,account,uri,status", "recipient": "login", "customer": "account"},
}
JSON = '{"time":"2012-01-05T00:00:07Z","login":"u1","uri":"/bill/7?a=b","status":200,"took":0.120,"by":{"os":["a",null],"n":-1},"ok":true}'
NGINX_JSON = (
    '{ "time_iso8601": "2012-01-05T00:00:07+01:00", "remote_addr": "10.0.0.1", "remote_user": "u1", "request_method": "GET", '
    '"request_uri": "/bill/7", "status": "200", "body_bytes_sent": 512, "request_time": 0.003, "none": null}'
)
USUAL = {"nginx": combined(), "apache": combined(), "json": JSON, "nginx json": NGINX_JSON, "csv": "2012-01-05T00:00:07Z,u1,A1,/bill/7,200"}
COUNTER = itertools.count()


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """One opened ledger for all examples: each is a file of its own."""
    with opened(case(operator(tmp_path_factory.mktemp("any"), [line("10:00", "anna")])), write=True) as work:
        judge.read_all(work, lambda *_: None)
        yield work


def outcome(work, form, data):
    """Everything the ledger holds of a file with this content."""
    number = next(COUNTER)
    path = work.case.folder / f"file-{number}.log"
    path.write_bytes(data)
    told = portal(
        name=f"s{number}", **{"recipient": "remote_user" if form == "nginx" else "login", "session": [], "customer": []} | FORMS[form]
    )
    source = msgspec.convert(told, config.Source)
    try:
        job = task(path, source, folder=work.case.folder, key="source")
    except InputError:  # too few of its lines are of the format: such a file is left out
        return None
    read(work, job, progress=lambda *_: None)
    row = next(f for f in work.ledger.files() if f.source == source.name)
    work.ledger.open_in(work.engine)
    shown = work.engine.rows(f"select * exclude (id, source) from disclosures_read where source = '{source.name}' order by source_line")
    rejected = [(r.line, r.reason) for r in work.ledger.rejected(100_000) if r.source == source.name]
    counts = (row.lines, row.disclosures, row.rejected, row.other, row.digest)
    return counts, shown, rejected, work.ledger.pulse(source.name)


def with_pattern_only(work, form, data):
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(mapping, "shape_of", lambda *_: None)
        changed.setattr(mapping, "json_shape", lambda *_: None)
        return outcome(work, form, data)


@pytest.mark.parametrize("form", FORMS)
def test_the_ledger_is_the_same_without_the_pattern(work, form):
    @settings(max_examples=25)  # each reads two files; the laws about single lines try more
    @given(st.lists(damaged(USUAL[form]).map(str.encode) | damaged(USUAL[form]).map(lambda t: t.encode("utf-16")), min_size=1, max_size=4))
    @example([text.encode() for text in (USUAL[form], *NAMED.values())])
    @example([combined(agent="caf\xe9").encode("latin-1"), combined().encode()])
    def law(lines):
        # at least one line is of the format, and all stand often enough to be looked up
        data = b"\n".join([USUAL[form].encode(), *lines] * 3)
        assert outcome(work, form, data) == with_pattern_only(work, form, data)

    law()


def queries():
    source = msgspec.convert(
        portal(format="nginx", recipient="remote_user", session=[], customer=[], device="http_user_agent"), config.Source
    )
    return row_queries(source, nginx.layout("combined"), config.Operator(name="Example Mobile", country="GB"), "source")


def test_plain_lines_need_no_pattern(work):
    block = block_of(1, f"{combined()}\n{combined(request='-')}\n{combined()}\r\n".encode())
    cut = plain.cut(work.engine, queries(), plain.find(queries(), block))
    assert (cut.lines, cut.left.tolist(), cut.timed) == (2, [False, True, False], True)


def test_texts_that_stand_in_many_lines_are_looked_up_and_others_made_anew(work):
    lines = [combined(request=f"GET /bill/{i} HTTP/1.1", agent="x" if i % 2 else f"y{i}") for i in range(20)]
    cut = plain.cut(work.engine, queries(), plain.find(queries(), block_of(1, "\n".join(lines).encode())))
    domains = plain.learn(work.engine, queries(), cut)
    known = dict(work.engine.rows("select domain, list(text) from known group by 1"))
    assert (domains, known) == (["a", "d", "r"], {"a": ["10.0.0.1"], "d": ["x"], "r": ["u1"]})


def test_what_was_learned_of_a_source_holds_for_its_next_files_and_not_for_another_source(work, monkeypatch):
    cut = plain.cut(work.engine, queries(), plain.find(queries(), block_of(1, "\n".join([combined()] * 10).encode())))
    learned = []
    monkeypatch.setattr(plain, "learn", lambda *_: learned.append(1) or ["d"])
    monkeypatch.setattr(plain, "LEARNED_FOR", 15)
    often = Often()
    for source, times in (("a", 1), ("a", 1), ("a", 2), ("b", 3), ("a", 4)):
        assert plain.looked_up(work.engine, queries(), cut, often, source) == ["d"]
        assert len(learned) == times


def test_beats_are_the_lines_of_each_bucket_with_their_first_and_last_second(work):
    texts = [combined().replace("00:00:07", time) for time in ("00:04:59", "00:00:07", "00:05:00")]
    cut = plain.cut(work.engine, queries(), plain.find(queries(), block_of(1, "\n".join(texts).encode())))
    midnight = 1325721600
    assert cut.beats(300) == [
        [midnight // 300, midnight // 300 + 1],
        [2, 1],
        [midnight + 7, midnight + 300],
        [midnight + 299, midnight + 300],
    ]


@pytest.mark.parametrize("time", ["31/Feb/2012:00:00:07", "31/Dec/2112:23:59:59", "01/Jan/2100:00:00:07"])
def test_a_line_whose_time_is_none_is_left_to_the_pattern(work, time):
    block = block_of(1, combined().replace("05/Jan/2012:00:00:07", time).encode())
    assert not plain.cut(work.engine, queries(), plain.find(queries(), block)).lines


def test_a_clock_of_the_configuration_is_read_by_the_engine(work):
    source = msgspec.convert(
        portal(format="nginx", clock="%d/%b/%Y:%H:%M:%S %z", recipient="remote_user", session=[], customer=[]), config.Source
    )
    made = row_queries(source, nginx.layout("combined"), config.Operator(name="Example Mobile", country="GB"), "source")
    assert shape_of(nginx.layout("combined"), ["time_local"], "time_local").time
    assert not plain.cut(work.engine, made, plain.find(made, block_of(1, combined().encode()))).timed
