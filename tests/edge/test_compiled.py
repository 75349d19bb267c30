"""What is compiled is written whole or not at all, and never weaker than the policy without a word."""

import stat
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policies import ACCEPTED, GROUND, loaded
from whosaw.edge import compiled
from whosaw.edge.compiled import Compiled, Rule
from whosaw.edge.dialects import DIALECTS
from whosaw.edge.heading import MARK
from whosaw.errors import ConfigError, StorageError

NOW = datetime(2026, 1, 15, tzinfo=UTC)
SMALL = Compiled(
    "squid",
    (
        Rule("head", "x.conf", MARK + "1\n", frame=True),
        Rule("a", "x.conf", "a\n"),
        Rule("b", "x.conf", "b\n"),
        Rule("n", "n.map", "1\n"),
        Rule("p", "run", "#!\n"),
    ),
    {"cookies": ("icap", "whole or not at all")},
    "x.conf",
    secret=frozenset({"n.map"}),
    programs=frozenset({"run"}),
)


def test_a_file_is_its_rules_one_after_the_other():
    assert SMALL.files()["x.conf"] == f"{MARK}1\na\nb\n"
    assert SMALL.without("a").files()["x.conf"] == f"{MARK}1\nb\n"


def test_files_are_written_with_the_rights_they_need(tmp_path):
    compiled.write(SMALL, tmp_path / "out")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()}
    assert modes == {"x.conf": 0o644, "n.map": 0o600, "run": 0o755}


def test_what_was_there_is_replaced_as_a_whole(tmp_path):
    compiled.write(SMALL, tmp_path / "out")
    compiled.write(Compiled("squid", (Rule("a", "y.conf", "a\n"),), {}, "y.conf"), tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["y.conf"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_where_folders_cannot_be_exchanged_in_one_step_they_are_in_two(tmp_path, monkeypatch):
    compiled.write(SMALL, tmp_path / "out")
    monkeypatch.setattr(compiled.ctypes, "CDLL", lambda *_, **__: object())
    compiled.write(SMALL.without("n"), tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["run", "x.conf"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_whoever_reads_meanwhile_finds_the_old_files_or_the_new_ones(tmp_path):
    compiled.write(SMALL, tmp_path / "out")
    missed, done = [], threading.Event()

    def read():
        while not done.is_set():
            if not (tmp_path / "out" / "x.conf").exists():
                missed.append(1)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        compiled.write(SMALL, tmp_path / "out")
    done.set()
    reader.join()
    assert missed == []


def test_a_folder_of_somebody_else_is_not_replaced(tmp_path):
    (tmp_path / "nginx").mkdir()
    (tmp_path / "nginx" / "nginx.conf").write_text("events {}\n")
    with pytest.raises(StorageError, match="holds other files"):
        compiled.write(SMALL, tmp_path / "nginx")
    assert [path.name for path in (tmp_path / "nginx").iterdir()] == ["nginx.conf"]


def test_what_cannot_be_written_changes_nothing(tmp_path, monkeypatch):
    compiled.write(SMALL, tmp_path / "out")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(compiled, "_write", full)
    with pytest.raises(StorageError, match="nothing was changed"):
        compiled.write(SMALL, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert (tmp_path / "out" / "x.conf").exists()


@pytest.mark.parametrize("target", DIALECTS)
def test_a_gap_that_nobody_accepted_is_refused_with_the_line_that_accepts_it(target, tmp_path):
    policy = loaded(tmp_path, head="")
    made = DIALECTS[target](policy, NOW, Path("/etc/whosaw"))
    with pytest.raises(ConfigError) as refusal:
        compiled.check(made, policy)
    assert "cookie" in refusal.value.message
    assert 'accept = ["cookies", "own-number"' in refusal.value.hint
    accepted = loaded(tmp_path, head=refusal.value.hint[refusal.value.hint.index("accept") :] + "\n")
    compiled.check(DIALECTS[target](accepted, NOW, Path("/etc/whosaw")), accepted)


def test_the_icap_service_closes_what_squid_leaves_open(tmp_path):
    policy = loaded(tmp_path, head="", ground='[icap]\nurl = "icap://127.0.0.1:1344/request"\n' + GROUND)
    compiled.check(DIALECTS["squid"](policy, NOW, Path("/etc/whosaw")), policy)
    with pytest.raises(ConfigError):
        compiled.check(DIALECTS["nginx"](policy, NOW, Path("/etc/whosaw")), policy)


@pytest.mark.parametrize("target", DIALECTS)
def test_the_same_policy_makes_the_same_bytes(target, tmp_path):
    turned = ACCEPTED.replace('"cookies", "own-number"', '"own-number", "cookies"')
    one = DIALECTS[target](loaded(tmp_path), NOW, Path("/etc/whosaw")).files()
    assert one == DIALECTS[target](loaded(tmp_path, head=turned), NOW, Path("/etc/whosaw")).files()


@pytest.mark.parametrize("target", DIALECTS)
def test_every_rule_has_a_name_of_its_own(target, tmp_path):
    names = [rule.name for rule in DIALECTS[target](loaded(tmp_path), NOW, Path("/etc/whosaw")).rules]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("target", DIALECTS)
def test_no_file_but_those_for_their_owner_alone_holds_a_number(target, tmp_path):
    made = DIALECTS[target](loaded(tmp_path), NOW, Path("/etc/whosaw"))
    assert [name for name, text in made.files().items() if "4477009" in text and name not in made.secret] == []


MANY = 20_000


def many(folder, *, pinned):
    """A file of very many agreements, a tenth of them for whole domains, and with pins in networks of two sizes."""
    rows = ["agreement,host,fields,address"]
    for i in range(MANY):
        host = f"*.w{i}.music.example" if i % 10 == 0 else f"p{i}.music.example"
        network = f"10.{i >> 8}.{i & 255}.0/24" if i % 7 == 0 else f"10.{i >> 8}.{i & 255}.7"
        rows.append(f"A-{i},{host},msisdn,{network if pinned else ''}")
    (folder / "partners.csv").write_text("\n".join(rows))
    return loaded(folder, "", head=f"intercepted = {str(pinned).lower()}\npartners = 'partners.csv'\n")


@pytest.mark.parametrize("pinned", [False, True], ids=["by host", "by host and address"])
@pytest.mark.parametrize("target", DIALECTS)
def test_the_time_grows_no_faster_than_the_partners(target, pinned, tmp_path):
    begun = time.process_time()
    made = DIALECTS[target](many(tmp_path, pinned=pinned), NOW, Path("/etc/whosaw"))
    assert sum(rule.name.startswith("host:") for rule in made.rules) == MANY
    assert time.process_time() - begun < 15, "a loop over partners within a loop over partners would take minutes"
