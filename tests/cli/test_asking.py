"""`probe run` asks, says what was proved, writes it where the ledger reads it, and ends with the promised code."""

import json
import os

import pytest

import selfcare
from whosaw import config, judge
from whosaw.cli import asking, main

CASE = """
[keys]
file = "probed/secret.key"
[[source]]
name = "probes"
files = ["probed/probe/shown.jsonl"]
format = "edge"
channel = "portal"
vantage = "app"
recipient_kind = "customer_login"
data = ["account"]
[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = { recipient = "login", customer = "account" }
"""


@pytest.fixture
def asked(tmp_path, monkeypatch, capsysbinary):
    """Return a function that runs `whosaw probe` in its own folder against a portal with faults."""
    stops = []

    def ask(*words, faults=(), **more):
        portal = selfcare.Portal(faults=set(faults))
        stops.append(selfcare.serve(portal))
        (tmp_path / "probe.toml").write_text(selfcare.toml(selfcare.document(portal, **more)))
        code = whosaw("probe.toml", *words)
        said = capsysbinary.readouterr()
        return code, said.out.decode(), said.err.decode()

    def whosaw(*words):
        monkeypatch.setattr("sys.argv", ["whosaw", "probe", *words, "--dir", "probed"])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PASSWORD", selfcare.PASSWORD)
    yield ask
    for stop in stops:
        stop()


def test_a_leak_is_proved_said_and_judged_with_the_same_rows(asked, tmp_path):
    code, out, err = asked(
        "--only", "neighbour", "--out", "json=answer.json", "--out", "junit=j.xml", "--out", "sarif=s.sarif", faults=["bill"]
    )
    assert code == 1
    assert out.startswith("1 LEAK PROVED: the portal")
    assert "asking: neighbour" in err
    assert json.loads((tmp_path / "answer.json").read_text())["findings"][0]["kind"] == "foreign-record"
    for path in (tmp_path / "probed" / "probe").iterdir():
        assert not any(held in path.read_text() for held in ("A-1001", "B-5001", "ann", "bob"))
    (tmp_path / "whosaw.toml").write_text(CASE)
    (tmp_path / "logins.csv").write_text("login,account\nann,A-1001\nbob,A-1002\ncat,A-1003\n")
    settings, config_hash = config.load(tmp_path / "whosaw.toml")
    result = judge.run(
        judge.Case(settings, config_hash, tmp_path, tmp_path / "ledger"), made=asking.now(), command="judge", progress=lambda *_: None
    )
    assert result.verdicts.unentitled == 6, "each of three accounts saw two others"
    assert result.incidents[0].customers.at_least == 3
    assert result.incidents[0].recipients.count == 3


def test_no_secret_and_no_identifier_is_in_any_output(asked, tmp_path):
    _, out, err = asked(
        "--out", "json=a.json", "--out", "junit=j.xml", "--out", "sarif=s.sarif", faults=["bill", "relogin", "cached-cookie", "write"]
    )
    written = [out, err, *((tmp_path / name).read_text() for name in ("a.json", "j.xml", "s.sarif"))]
    clear = [value for person in selfcare.PEOPLE.values() for key, value in person.items() if key in {"account", "bill", "msisdn", "name"}]
    for text in written:
        assert not any(value in text for value in [*clear, selfcare.PASSWORD, "sid="]), text[:200]


def test_a_clean_portal_ends_with_0_and_writes_no_disclosure(asked, tmp_path):
    code, out, _ = asked("--only", "neighbour", "--quiet")
    assert code == 0
    assert out.startswith("NO LEAK FOUND")
    assert not (tmp_path / "probed" / "probe").exists()


def test_a_format_on_standard_output_takes_the_place_of_the_page(asked):
    _, out, _ = asked("--only", "anonymous", "--out", "json=-", "--quiet")
    assert json.loads(out)["schema"] == "whosaw.probe/1"


def test_a_plan_asks_nothing(asked):
    code, out, _ = asked("--plan")
    assert code == 0
    assert "GET /bills/{bill}  (target)" in out


def test_the_variables_of_the_curl_lines_are_written_for_their_owner_alone(asked, tmp_path):
    asked("--only", "neighbour", "--write-secrets", "secrets.sh", faults=["bill"])
    path = tmp_path / "secrets.sh"
    assert path.stat().st_mode & 0o077 == 0
    assert "export ANN_BILL=B-5001" in path.read_text()
    assert "export BOB_COOKIE=" in path.read_text()


@pytest.mark.parametrize("words", [["--only", "nonsense"], ["--out", "html=x"], ["--out", "json"]])
def test_wrong_usage_ends_with_2_before_anything_is_asked(asked, words):
    assert asked(*words)[0] == 2


def test_a_wrong_target_ends_with_4(asked):
    code, _, err = asked(self="me")
    assert code == 4
    assert "`self` is `me`" in err
    assert os.environ["PASSWORD"] not in err
