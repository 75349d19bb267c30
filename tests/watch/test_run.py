"""Does the watch say at any time what `judge` would say, does it tell of it, and does it go on whatever happens?"""

import gzip
import random
import shutil
from datetime import UTC, datetime

import pytest

from small_operator import BILLS, case, judged, line, operator, portal
from watch.watched import append, unnamed, watched
from whosaw import config, drill, judge
from whosaw.errors import LedgerError, StorageError
from whosaw.watch.status import State

LEAK = [line("10:00", "anna", account="A2"), line("10:01", "bert", account="A1"), line("10:02", "anna", account="A2")]
CALM = [line("09:00", "anna", account="A1"), line("09:01", "bert", account="A2")]

END = datetime(2012, 1, 20, tzinfo=UTC)
"""Of the two weeks that are replayed."""


@pytest.mark.parametrize("seed", range(3))
def test_a_month_in_random_pieces_with_entitlements_that_come_late_ends_in_the_answer_of_judge(tmp_path, seed):
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    drill.write(tmp_path, scenarios=["bad-quarter"], seed=seed, customers=400, days=14)
    settings, config_hash = config.load(tmp_path / "whosaw.toml")
    wanted = judge.run(judge.Case(settings, config_hash, tmp_path, tmp_path / "whole"), made=END, command="test", progress=silent)
    logs = pieces(sorted(p for p in (tmp_path / "logs").rglob("*") if p.is_file()), dice, heading=False)
    late = pieces([tmp_path / "registry" / f"{name}.csv" for name in ("tickets", "contacts", "logins")], dice, heading=True)
    (tmp_path / "live").mkdir()
    shutil.copy(tmp_path / "whole" / "secret.key", tmp_path / "live")

    with watched(judge.Case(settings, config_hash, tmp_path, tmp_path / "live"), begin=END) as hands:
        for path, data in mixed(late, logs):
            with path.open("ab") as f:
                f.write(data)
            if dice.random() < 0.2:
                hands.step(dice.choice([0.0, 2.0, 5.0, 60.0]))
        hands.step(10)
        found = hands.answer(10)
        latest = hands.watch._record.latest()

    assert unnamed(found) == unnamed(wanted)
    assert {name for name, one in latest.items() if one.incident is not None} == {one.id for one in found.incidents}
    assert wanted.incidents


def silent(*_):
    return None


def pieces(paths, dice, *, heading):
    """Empty the files, but for a heading; return what stood in them in pieces that end anywhere, each file's in its order."""
    found = []
    for path in paths:
        data = path.read_bytes()
        begin = data.index(b"\n") + 1 if heading else 0
        path.write_bytes(data[:begin])
        cuts = sorted(dice.randrange(begin, len(data) + 1) for _ in range(6))
        spans = zip([begin, *cuts], [*cuts, len(data)], strict=True)
        found.append([(path, data[a:b]) for a, b in spans])
    order = [i for i, parts in enumerate(found) for _ in parts]
    dice.shuffle(order)
    return [found[i].pop(0) for i in order]


def mixed(late, logs):
    """Half of the logs come when half of the entitlements are there."""
    return late[: len(late) // 2] + logs[: len(logs) // 2] + late[len(late) // 2 :] + logs[len(logs) // 2 :]


def test_a_leak_is_told_once_and_its_growth_when_it_is_worth_telling(tmp_path):
    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        hands.step()
        assert hands.told == []
        append(tmp_path / "portal.log", *LEAK)
        hands.step()
        assert [(one.kind, one.name, one.revision) for one in hands.told] == [("new", "INC-1", 1)]
        hands.step()
        append(tmp_path / "portal.log", line("10:03", "anna", account="A2"))
        hands.step()
        assert len(hands.told) == 1
        hands.step(700)
        assert [(one.kind, one.revision) for one in hands.told[1:]] == [("revised", 2)]


def test_a_second_watch_on_a_ledger_is_told_so(tmp_path):
    operator(tmp_path, CALM)
    with watched(tmp_path), pytest.raises(LedgerError, match="another"), watched(tmp_path):
        pass


def test_a_watch_that_starts_again_goes_on_and_tells_nothing_twice(tmp_path):
    operator(tmp_path, CALM + LEAK)
    with watched(tmp_path) as hands:
        first = hands.answer()
        assert len(hands.told) == 1
    append(tmp_path / "portal.log", line("10:05", "bert", account="A1"))
    with watched(tmp_path) as hands:
        second = hands.answer()
        assert hands.told == []
    assert (second.read.lines, second.incidents[0].id) == (first.read.lines + 1, first.incidents[0].id)
    assert unnamed(judged(tmp_path, ledger="whole"))[:3] == unnamed(second)[:3]


def test_a_source_that_falls_silent_is_a_gap_within_a_minute_and_not_calm(tmp_path):
    busy = [line(f"2012-01-10T11:{m:02}:{s:02}Z", "anna", account="A1") for m in range(60) for s in range(60)]
    operator(tmp_path, busy)
    with watched(tmp_path) as hands:
        assert hands.answer(0).coverage[0].gaps == []
        assert hands.watch.status.sources[0].state is State.FOLLOWING
        result = None
        for _ in range(20):
            result = hands.step(3).result or result
        assert hands.watch.status.sources[0].state is State.SILENT
        assert result.coverage[0].gaps


def refuse(*_):
    raise StorageError("the disk is full", hint="free some space")


def test_a_full_disk_is_shown_and_waited_for_and_nothing_is_lost(tmp_path, monkeypatch):
    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        hands.step()
        append(tmp_path / "portal.log", *LEAK)
        with monkeypatch.context() as patch:
            patch.setattr(hands.watch._work.ledger, "append", refuse)
            hands.step()
            assert "the disk is full" in hands.troubles()
        result = hands.answer()
        assert hands.troubles() == ""
        assert (result.read.lines, result.verdicts.unentitled) == (5, 3)


def test_what_was_recorded_before_the_disk_was_full_is_judged_though_nothing_follows(tmp_path, monkeypatch):
    operator(tmp_path, LEAK, other_log=CALM)
    changes = {"source": [portal(files=["portal.log"]), portal(name="other", files=["other.log"])]}
    with watched(tmp_path, changes) as hands:
        append_to, calls = hands.watch._work.ledger.append, []

        def refuse_the_second(addition):
            calls.append(addition)
            if len(calls) == 2:
                raise StorageError("the disk is full", hint="free some space")
            return append_to(addition)

        monkeypatch.setattr(hands.watch._work.ledger, "append", refuse_the_second)
        hands.step()
        (tmp_path / "other.log").unlink()
        assert hands.answer().verdicts.unentitled == 3


def test_a_status_that_cannot_be_written_is_shown_where_it_can_be(tmp_path, monkeypatch):
    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        hands.watch._record._db.execute("pragma max_page_count = 1")
        hands.watch._record._db.execute("drop table status")
        assert hands.answer().verdicts.entitled == 2
        assert "cannot write" in hands.troubles()


def test_a_cron_job_ends_with_an_error_when_the_disk_is_full(tmp_path, monkeypatch):
    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        monkeypatch.setattr(hands.watch._work.ledger, "append", refuse)
        with pytest.raises(StorageError, match="the disk is full"):
            hands.watch.once(lambda _: None)


def test_a_judgement_that_fails_is_made_up_for(tmp_path, monkeypatch):
    operator(tmp_path, CALM)
    with watched(tmp_path) as hands:
        hands.step()
        append(tmp_path / "portal.log", *LEAK)
        with monkeypatch.context() as patch:
            patch.setattr("whosaw.watch.live.verdict.judge_more", refuse)
            hands.step()
            assert hands.watch.status.unjudged_since is not None
        assert hands.answer().verdicts.unentitled == 3
        assert hands.watch.status.unjudged_since is None


def test_a_last_line_without_an_end_that_grows_is_judged_as_what_it_becomes(tmp_path):
    operator(tmp_path, CALM)
    with (tmp_path / "portal.log").open("a") as f:
        f.write(LEAK[0])
    with watched(tmp_path) as hands:
        assert hands.step(ending=True).lines == 2
        assert hands.step(ending=True, answer=True).result.verdicts.unentitled == 1
        with (tmp_path / "portal.log").open("a") as f:
            f.write(" and more\n")
        result = hands.answer()
        assert (result.verdicts.unentitled, result.read.rejected) == (0, 1)


def test_a_cron_job_takes_what_is_there_and_ends(tmp_path):
    operator(tmp_path, LEAK)
    (tmp_path / "portal.log.1.gz").write_bytes(gzip.compress("".join(f"{row}\n" for row in CALM).encode()))
    steps = []
    with watched(tmp_path) as hands:
        hands.watch.once(steps.append)
    assert steps[-1].result.read.lines == 5
    assert [one.kind for step in steps for one in step.told] == ["new"]


def test_the_status_says_how_far_each_source_is_and_what_cannot_be_read(tmp_path):
    operator(tmp_path, [*CALM, "nonsense"], bills_csv=BILLS)
    changes = {"source": [portal(), portal(name="other", files=["other.log"])]}
    with watched(tmp_path, changes) as hands:
        hands.answer()
        one, other = hands.watch.status.sources
    assert (one.name, one.lines, one.disclosures, one.rejected, one.files) == ("portal", 3, 2, 1, 1)
    assert other.state is State.UNREADABLE
    assert other.problems == ("other.log: no file has this name",)
    assert case(tmp_path).config.watch.batch == "2s"
