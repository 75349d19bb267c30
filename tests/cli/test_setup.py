"""Getting started: `init` writes a configuration from sample logs, `doctor` checks it against them."""

import pytest

from small_operator import line, written
from whosaw import config

NGINX = '192.0.2.7 - anna [10/Jan/2012:10:00:00 +0000] "GET /bill/4477/calls HTTP/1.1" 200 512 "-" "x"\n'


def test_init_writes_a_configuration_that_loads_and_is_judged(run, tmp_path):
    (tmp_path / "portal.log").write_text(NGINX * 9)
    said = run("init", "portal.log", "--name", "Small", "--country", "gb", "--numbers", "+4477009", "--no-input")
    assert said.code == 0
    loaded, _ = config.load(tmp_path / "whosaw.toml")
    assert (loaded.operator.name, loaded.operator.country, loaded.operator.numbers) == ("Small", "GB", ["4477009"])
    assert [(s.name, s.files, s.format) for s in loaded.source] == [("portal", ["portal.log"], "nginx")]
    assert run("judge", "--quiet").code == 3, "nothing is known of owners yet"


def test_init_never_writes_a_value_of_the_logs(run, tmp_path):
    (tmp_path / "portal.log").write_text(NGINX * 9)
    said = run("init", "portal.log", "--to", "-", "--no-input")
    assert "{bill}" in said.out
    for value in ("4477", "anna", "192.0.2.7"):
        assert value not in said.out


def test_init_writes_over_nothing_unless_told_to(run, tmp_path):
    (tmp_path / "portal.log").write_text(NGINX)
    (tmp_path / "whosaw.toml").write_text("# mine\n")
    said = run("init", "portal.log", "--no-input")
    assert (said.code, "is there already" in said.message[0]) == (5, True)
    assert (tmp_path / "whosaw.toml").read_text() == "# mine\n"
    assert run("init", "portal.log", "--no-input", "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["init", "--no-input"], 2),
        (["init", "none.log", "--no-input"], 5),
        (["init", "odd.log", "--no-input"], 5),
        (["init", ".", "--no-input"], 5),
    ],
)
def test_init_says_what_it_cannot_use(run, tmp_path, arguments, code):
    (tmp_path / "odd.log").write_bytes(bytes(range(256)) * 9)
    said = run(*arguments)
    assert said.code == code
    assert not (tmp_path / "whosaw.toml").exists()


def test_doctor_finds_a_configuration_that_fits(run, small):
    said = run("doctor", "--quiet")
    assert said.code == 0
    assert "portal: 1 file, jsonl, 5 of 5 lines read, 4 disclosures" in said.out
    assert "of 4 disclosures looked at, 4 can be judged (100.0%)" in said.out
    assert "4 of 4 rows can be used" in said.out
    assert not (small / "whosaw-out").exists(), "nothing is kept"


def test_doctor_says_what_does_not_resolve(run, small):
    written(small, portal_log=[line("10:00", "anna", uri="/bill/B9"), line("10:00", None, uri="/other/1", account="A1")] * 3)
    (small / "portal-x.log").write_bytes(bytes(range(256)) * 9)
    said = run("doctor", ".", "--quiet")
    assert "the line names no customer" in said.out
    assert "route `/other/{id}` is not configured" in said.out
    assert "left out: `portal-x.log`" in said.out


def test_doctor_of_logs_that_cannot_be_judged_is_3(run, small):
    written(small, portal_log=[line("10:00", "anna", uri="/bill/B9")] * 3)
    assert run("doctor", "--quiet").code == 3
    written(small, portal_log=[])
    assert run("doctor", "--quiet").code == 3


def test_doctor_of_a_wrong_configuration_is_4(run, small):
    written(small, whosaw_toml="x = 1")
    assert run("doctor").code == 4
    (small / "whosaw.toml").unlink()
    assert run("doctor").code == 4


def test_doctor_says_how_the_watch_stands_that_runs_on_a_ledger(run, small):
    assert "watch" not in run("doctor", "--quiet", "--dir", "out").out
    assert run("watch", "--once", "--quiet", "--dir", "out").code == 0
    said = run("doctor", "--quiet", "--dir", "out").out
    assert "watch  2 incidents" in said
    assert "portal: silent" in said, "its newest line is years old"
