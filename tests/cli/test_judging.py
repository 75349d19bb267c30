"""The main job: exit codes and messages are a promise."""

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from small_operator import line, written
from whosaw.cli import judging
from whosaw.errors import StorageError

NGINX = '192.0.2.7 - anna [10/Jan/2012:10:00:00 +0000] "GET /home HTTP/1.1" 200 512 "-" "x"\n'


# --- the answer -----------------------------------------------------------------------------------------------------


def test_an_answer_begins_with_the_verdict_and_is_kept(run, small, result):
    said = run("judge", "whosaw.toml", "--quiet")
    assert (said.code, said.err) == (0, "")
    kept = result()
    assert kept["read"] == {"lines": 5, "disclosures": 4, "rejected": 0, "other": 1}
    assert kept["verdicts"] == {"entitled": 2, "unentitled": 2, "cannot_judge": 0}
    assert [i["detector"] for i in kept["incidents"]] == ["account-mixup", "foreign-record"]
    assert said.out.index("unentitled") < said.out.index("account-mixup")


def test_the_same_input_twice_gives_the_same_answer(run, small, result):
    first = run("judge", "--quiet"), result()
    second = run("judge", "--quiet"), result()
    assert first[0].out == second[0].out
    assert {**first[1], "made": ""} == {**second[1], "made": ""}


@pytest.mark.parametrize("argument", ["whosaw.toml", ".", ""])
def test_a_configuration_a_folder_or_nothing_is_the_same_input(run, small, result, argument):
    assert run("judge", *filter(None, [argument]), "--quiet").code == 0
    assert result()["read"]["lines"] == 5


def test_the_answer_can_be_shown_again_without_reading_anything(run, judged):
    first = run("judge", "--quiet").out
    for gone in ("portal.log", "logins.csv", "whosaw.toml"):
        (judged / gone).unlink()
    assert run("report").out == first


@pytest.mark.parametrize("form", ["html", "json", "csv", "sarif", "ocsf"])
def test_an_answer_is_written_in_each_format(run, judged, tmp_path, form):
    said = run("report", "--out", f"{form}=deep/down/answer.{form}")
    assert said.code == 0
    assert (tmp_path / "deep" / "down" / f"answer.{form}").stat().st_size > 100
    assert f"wrote deep/down/answer.{form}" in said.err
    assert said.out


def test_standard_output_holds_the_format_and_nothing_else(run, judged):
    said = run("judge", "--quiet", "--out", "json=-")
    assert json.loads(said.out)["schema"] == "whosaw.result/1"


def test_talk_goes_to_standard_error_and_may_be_turned_off(run, small):
    assert "read portal.log as jsonl" in run("judge").err
    assert run("judge", "--quiet").err == ""


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_done_is_0_even_when_incidents_are_found(run, small):
    assert run("judge", "--quiet").code == 0


def test_what_must_not_be_found_is_1(run, small):
    assert run("judge", "--quiet", "--fail-on", "unentitled").code == 1
    written(small, portal_log=[line("10:00", "anna", account="A1")])
    assert run("judge", "--quiet", "--fail-on", "unentitled", "--dir", "new").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["judge", "--nope"], "no such option"),
        (["nope"], "no such command"),
        (["judge", "whosaw.toml", "portal.log"], "either one configuration or log files"),
        (["judge", "--out", "docx=x"], "--out wants format=path with a format of"),
        (["judge", "--out", "json"], "--out wants format=path"),
        (["judge", "--out", "json="], "--out wants format=path"),
        (["judge", "--fail-on", "rain"], "invalid value"),
        (["judge", "portal.log", "--map", "recipient"], "--map wants fact=field"),
        (["explain"], "missing argument"),
        (["repair", "REP-1"], "missing option"),
    ],
)
def test_a_wrong_call_is_2_and_does_no_work(run, small, arguments, said):
    answer = run(*arguments)
    assert answer.code == 2
    assert said in answer.err.lower()
    assert not (small / "whosaw-out").exists()


@pytest.mark.parametrize(
    ("lines", "arguments"),
    [
        ([], []),
        ([line("10:00", "anna", uri="/bill/B9")] * 2, []),
        ([line("10:00", "anna", account="A1"), line("10:01", "anna", uri="/bill/B9")], ["--min-coverage", "0.6"]),
        ([line("10:00", "anna", account="A1"), "garbage"], ["--fail-on", "rejected"]),
    ],
)
def test_what_cannot_be_relied_on_is_3(run, small, lines, arguments):
    written(small, portal_log=lines)
    assert run("judge", "--quiet", *arguments).code == 3


def test_a_gap_is_3_if_it_must_not_be(run, small):
    rows = [line(f"2012-01-10T{h:02}:{m:02}:00Z", "anna", account="A1") for h in range(24) for m in range(0, 60, 2) if h not in {10, 11}]
    written(small, portal_log=rows)
    assert run("judge", "--quiet").code == 0
    assert run("judge", "--quiet", "--fail-on", "gap").code == 3


@pytest.mark.parametrize(
    ("toml", "what", "hint"),
    [
        ("[[source]]\nnmae = 1", "is not a known key", "did you mean"),
        ("[[source]", "is not TOML", ""),
        ('[[source]]\nname = "a"\nchannel = "a"\nfiles = ["none/*.log"]', "nothing matches `none/*.log`", "relative to"),
        ('[[source]]\nname = "a"\nchannel = "a"\nfiles = ["portal.log"]\nformat = "syslogish"', "no known format", "nginx"),
        ('[[source]]\nname = "a"\nchannel = "a"\nfiles = ["portal.log"]\nformat = "jsonl"\nrecipient = "who"', "names `who`", "`login`"),
        ("[detector.account-mixup]\ncustomres = 3", "`detector.account-mixup.customres` is not known", "customers"),
        ("[detector.rain]\nx = 3", "`detector.rain` is no detector", "account-mixup"),
        (
            '[[entitlement]]\nbasis = "ownership"\nfile = "none.csv"\ncolumns = { recipient = "a", customer = "b" }',
            "nothing matches `none.csv`",
            "",
        ),
    ],
)
def test_a_wrong_configuration_is_4_with_what_happened_and_what_to_do(run, small, toml, what, hint):
    written(small, whosaw_toml=toml)
    said = run("judge", "--quiet")
    assert said.code == 4
    assert what in said.message[0]
    assert said.message[1]
    assert hint in said.message[1]
    assert said.out == ""


def test_a_missing_configuration_is_4(run, tmp_path):
    said = run("judge")
    assert said.code == 4
    assert said.message == (
        "cannot read the configuration `whosaw.toml`: no such file or directory",
        "`whosaw init` writes one from your logs",
    )


@pytest.mark.parametrize(
    "damage",
    [
        lambda small: (small / "portal-x.log").mkdir(),
        lambda small: (small / "portal-x.log").write_bytes(bytes(range(256)) * 9),
        lambda small: (small / "portal-x.log").write_bytes(b"\x1f\x8b\x08\x00"),
    ],
)
def test_an_answer_without_some_of_its_files_is_5_and_says_which(run, small, damage):
    damage(small)
    said = run("judge", "--quiet")
    assert said.code == 5
    assert "portal-x.log" in "".join(said.out.split())


@pytest.mark.parametrize("arguments", [["none.log"], ["portal.log", "none.log"]])
def test_a_log_that_is_not_there_is_5(run, small, arguments):
    said = run("judge", *arguments)
    assert said.code == 5
    assert said.message[0] == "cannot read `none.log`: no such file or directory"


def test_a_folder_among_logs_is_5(run, small):
    (small / "logs").mkdir()
    said = run("judge", "portal.log", "logs")
    assert said.code == 5
    assert "is a folder" in said.message[0]


def test_a_disk_that_takes_no_answer_is_5(run, small):
    (small / "file").write_text("")
    said = run("judge", "--quiet", "--out", "json=file/answer.json")
    assert said.code == 5
    assert said.message[0].startswith("cannot write `file/answer.json`")
    said = run("judge", "--quiet", "--dir", "file/ledger")
    assert said.code == 5
    assert said.message[0].startswith("cannot write `file/ledger`")


def test_a_ledger_that_is_none_is_4(run, small):
    (small / "whosaw-out").mkdir()
    (small / "whosaw-out" / "manifest.sqlite").write_text("something else")
    said = run("judge", "--quiet")
    assert said.code == 4
    assert "is no whosaw ledger" in said.message[0]


# --- without rights -------------------------------------------------------------------------------------------------


@pytest.fixture
def reachable(tmp_path):
    for place in (tmp_path, *tmp_path.parents[:3]):
        place.chmod(0o755)
    return tmp_path


def test_a_log_that_may_not_be_read_is_5(small, reachable, as_nobody):
    (small / "portal.log").chmod(0)
    (small / "whosaw-out").mkdir(mode=0o777)
    (small / "whosaw-out").chmod(0o777)
    said = as_nobody("judge", "portal.log")
    assert (said.code, said.message[0]) == (5, "cannot read `portal.log`: permission denied")


def test_a_folder_that_may_not_be_written_is_5(small, reachable, as_nobody):
    small.chmod(0o555)
    said = as_nobody("judge", "--quiet")
    small.chmod(0o755)
    assert said.code == 5
    assert said.message[0] == "cannot write `whosaw-out`: permission denied"


# --- logs without a configuration -----------------------------------------------------------------------------------


def test_logs_without_a_configuration_are_read_and_nothing_of_them_is_judged(run, small, result):
    said = run("judge", "portal.log", "--map", "recipient=login", "--map", "customer=account")
    assert said.code == 3
    assert result()["verdicts"] == {"entitled": 0, "unentitled": 0, "cannot_judge": 2}
    assert "no entitlement of any kind is configured" in said.out


def test_rotated_logs_are_sources_of_their_own(run, tmp_path, result):
    for n in (1, 2, 3):
        (tmp_path / f"access.log.{n}").write_text(NGINX * n)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "access.log.1").write_text(NGINX * 4)
    run("judge", *sorted(tmp_path.glob("access.log.*")), "other/access.log.1", "--quiet")
    assert result()["read"]["lines"] == 10


def test_a_name_that_looks_like_a_pattern_is_a_name(run, tmp_path, result):
    (tmp_path / "access[1].log").write_text(NGINX)
    run("judge", "access[1].log", "--quiet")
    assert result()["read"]["lines"] == 1


def test_standard_input_is_a_log(run, tmp_path, result):
    run("judge", "-", "--quiet", stdin=io.TextIOWrapper(io.BytesIO(NGINX.encode() * 7)))
    assert result()["read"]["lines"] == 7


def test_a_format_may_be_named(run, tmp_path, result):
    (tmp_path / "x.log").write_text(NGINX)
    assert "as nginx" in run("judge", "x.log", "--format", "nginx").err
    said = run("judge", "x.log", "--format", "nope", "--dir", "new")
    assert (said.code, "no known format" in said.message[0]) == (4, True)


def test_a_file_of_no_format_is_said_to_be(run, tmp_path):
    (tmp_path / "x.log").write_bytes(bytes(range(256)) * 20)
    said = run("judge", "x.log")
    assert said.code == 3
    assert "format of this file was not recognised" in said.err


def test_no_clear_identifier_of_a_log_is_shown(run, small):
    written(
        small,
        portal_log=[line("10:00", "anna@shop.example", account="447700900123"), line("10:01", "x", uri="/c/447700900123", account="A9")],
    )
    said = run("judge", "--out", "json=answer.json")
    everything = said.out + said.err + (small / "answer.json").read_text()
    assert "447700900123" not in everything
    assert "anna@shop.example" not in everything


# --- writing whole --------------------------------------------------------------------------------------------------


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "answer.json"
    judging.write_whole(path, b"first")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError, match="no space left on device") as problem:
        judging.write_whole(path, b"second")
    assert problem.value.exit_code == 5
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]


def test_no_answer_is_shown_where_there_is_none(run, tmp_path):
    said = run("report")
    assert (said.code, said.message[1]) == (1, "run `whosaw judge` first, or name its folder with --dir")
    assert not Path("whosaw-out").exists()


def test_the_first_screen_says_what_to_try(run):
    said = run()
    assert said.code == 0
    assert "whosaw drill maxis-2010" in said.out


def test_debug_shows_the_whole_error(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["whosaw", "--debug", "judge"])
    from whosaw import cli
    from whosaw.errors import ConfigError

    with pytest.raises(ConfigError):
        cli.main()


def test_an_interruption_is_130(run, small, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("whosaw.judge.run", interrupted)
    assert run("judge").code == 130


def test_a_terminal_shows_how_many_lines_were_read_and_how_fast(small):
    theirs, ours = pty.openpty()
    command = [sys.executable, "-m", "whosaw", "judge"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "160", "TERM": "xterm"}
    judging_it = subprocess.Popen(command, cwd=small, env=environment, stdout=subprocess.DEVNULL, stderr=ours)
    os.close(ours)
    shown = b""
    with contextlib.suppress(OSError):  # it is closed once all was read
        while chunk := os.read(theirs, 1 << 16):
            shown += chunk
    os.close(theirs)
    assert judging_it.wait(60) == 0
    assert b"5 lines" in shown
