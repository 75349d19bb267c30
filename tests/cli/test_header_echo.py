"""Does the command say since when, in words and by its exit code, and end when it is told to?"""

import re
import signal
from datetime import UTC, datetime, timedelta

import pytest

from whosaw.identifiers import Addition
from whosaw.probes.header_echo import asking, runs
from whosaw.probes.header_echo.asking import Asked

NUMBER = "447700900123"
START = datetime(2026, 1, 10, 9, tzinfo=UTC)


@pytest.fixture
def target(tmp_path):
    (tmp_path / "echo.key").write_text("5a" * 32 + "\n")
    (tmp_path / "echo.toml").write_text('key_file = "echo.key"\ndomains = ["echo.example"]\nstrangers = 2\n')
    return "echo.toml"


@pytest.fixture
def told(monkeypatch):
    """What the gateway adds to the next requests."""
    added = []
    monkeypatch.setattr(asking, "ask", lambda _target, _key, host, _moment: Asked(host, tuple(added)))
    return added


def record(folder, states):
    for i, state in enumerate(states):
        added = runs.Added(name="X-MSISDN", place="header", cls="msisdn", listed=True, weight="identity", masked="4477…23", keyed="k")
        name = runs.Name(host="x.echo.example", partner=False, state=state, added=(added,) if state == "dirty" else ())
        runs.append(folder, runs.Run(seen_at=START + timedelta(minutes=10 * i), state=state, why="", names=(name,)))


def test_the_summary_bounds_the_moment(run, tmp_path):
    record(tmp_path / "whosaw-echo", ["clean", "clean", "inconclusive", "dirty", "dirty"])
    said = run("probe", "header-echo", "--summary")
    assert said.out == (
        "2 clean, 2 dirty, 1 inconclusive of 5 runs\n"
        "strangers were told X-MSISDN: began after 2026-01-10 09:10:00 UTC, by 2026-01-10 09:30:00 UTC; "
        "last seen 2026-01-10 09:40:00 UTC, not clean since (2 dirty runs)\n"
    )
    assert said.code == 1


@pytest.mark.parametrize(("states", "code"), [(["clean"], 0), (["dirty", "clean"], 0), (["inconclusive"], 3), (["dirty"], 1)])
def test_the_summary_ends_as_the_record_does(run, tmp_path, states, code):
    record(tmp_path / "echo", states)
    assert run("probe", "header-echo", "--summary", "--record", "echo").code == code


def test_a_dirty_run_is_a_disclosure_under_the_ledgers_pseudonym_in_any_wrapping(run, tmp_path, target, told):
    told += [Addition("X-MSISDN", NUMBER), Addition("X-Foo", "NDQ3NzAwOTAwMTIz"), Addition("X-Bar", "a8F2kL09qWzX71mN")]
    said = run("probe", "header-echo", target)
    assert (said.code, "dirty: 2 of 2 strangers were told" in said.out) == (1, True)
    objects = re.findall(r'"object":"(o:[0-9a-f]{16})"', (tmp_path / "whosaw-echo" / "shown.jsonl").read_text())
    assert (len(objects), len(set(objects))) == (4, 1)


def test_disclosures_that_could_not_be_written_are_told_of(run, tmp_path, target, told):
    told.append(Addition("X-MSISDN", NUMBER))
    (tmp_path / "whosaw-echo").mkdir()
    (tmp_path / "whosaw-echo" / "shown.jsonl").symlink_to("/dev/full")
    said = run("probe", "header-echo", target)
    assert (said.code, said.err) == (5, "decisions that could not be recorded in whosaw-echo: 2\n")


def test_runs_go_on_until_it_is_told_to_stop(run, target, monkeypatch):
    hosts = []

    def ask(_target, _key, host, _moment):
        hosts.append(host)
        if len(hosts) == 4:
            signal.raise_signal(signal.SIGTERM)
        return Asked(host)

    monkeypatch.setattr(asking, "ask", ask)
    said = run("probe", "header-echo", target, "--every", "1s")
    assert said.code == 0
    assert len(re.findall(" clean: 2 strangers were told nothing", said.out)) == 2
    assert len(set(hosts)) == 4


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 2), (("echo.toml", "--once", "--every", "1m"), 2), (("echo.toml", "--every", "0s"), 4)]
)
def test_what_makes_no_sense_is_refused(run, target, arguments, code):
    assert target == "echo.toml"
    assert run("probe", "header-echo", *arguments).code == code


def test_without_the_key_nothing_is_asked(run, tmp_path, target):
    (tmp_path / "echo.key").unlink()
    assert "is gone" in run("probe", "header-echo", target).err
