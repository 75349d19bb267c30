"""Does a configuration fit its logs?"""

import json

from small_operator import case, line, operator, portal
from whosaw.judge import checkup


def checked(folder, changes=None, most=1000):
    return checkup.check(case(folder, changes), most=most, progress=lambda *_: None)


def test_a_configuration_that_fits_can_judge_everything(tmp_path):
    operator(tmp_path, [line("10:00", "anna", account="A1", sid="s"), line("10:01", "bert", uri="/bill/B2", sid="s")])
    health = checked(tmp_path)
    assert (health.shown, health.judged, health.share) == (2, 2, 1.0)
    assert (health.rules_rows, health.rules_kept, health.doubts) == (4, 4, [])
    (source,) = health.sources
    assert (source.name, source.reader, source.files, source.lines, source.read, source.shown) == ("portal", "jsonl", 1, 2, 2, 2)
    assert source.filled == {"recipient": 1.0, "customer": 1.0, "session": 1.0, "object": 0.5}
    assert source.unlisted == []


def test_what_does_not_fit_is_told(tmp_path):
    lines = [line("10:00", None, uri="/bill/B9"), line("10:00", "anna", uri="/c/447700900123", account="A1"), "garbage"]
    operator(tmp_path, lines, logins_csv="login,account,since,until\nanna,A1,2012-02-01,2012-01-01\n")
    health = checked(tmp_path)
    assert health.reasons == {"the line names no customer, and its object has no owner at that time": 1}
    assert health.share == 0.5
    assert (health.rules_rows, health.rules_kept) == (3, 2)
    assert health.sources[0].unlisted == [("/c/{id}", 1)]
    assert health.sources[0].read == 2


def test_a_source_of_which_nothing_can_be_read_is_told_and_stops_nothing(tmp_path):
    operator(tmp_path, [line("10:00", "anna", account="A1")])
    (tmp_path / "other.log").write_bytes(bytes(range(256)) * 9)
    health = checked(tmp_path, {"source": [portal(), portal(name="other", files=["other.log"])]})
    assert [s.files for s in health.sources] == [1, 0]
    assert health.doubts[0].startswith("left out: `other.log`")
    assert health.shown == 1


def test_a_recorded_header_that_can_carry_a_number_and_is_not_looked_at_is_named(tmp_path):
    sent = {"headers": {"x-up-calling-line-id": "", "x-wap-profile": "", "user-agent": "x"}}
    operator(tmp_path, [json.dumps(json.loads(line("10:00", "anna", account="A1")) | sent)])
    assert checked(tmp_path).sources[0].telling == [("header:x-up-calling-line-id", "msisdn")]
    for looks in ({"scan": ["header:*"], "object_type": "number"}, {"object": "header:x-up-calling-line-id", "object_type": "number"}):
        assert checked(tmp_path, {"source": [portal(**looks)]}).sources[0].telling == []


def test_an_own_number_in_a_field_that_nobody_named_is_met_and_never_shown(tmp_path):
    odd = [json.dumps(json.loads(line("10:00", "anna", account="A1")) | {"note": f"to {number}"}) for number in ("07700900123", "0123")]
    operator(tmp_path, odd)
    changes = {"operator": {"country": "GB", "numbers": ["4477009"]}}
    health = checked(tmp_path, changes)
    assert health.sources[0].met == [("note", "msisdn, plain", 1)]
    assert "900123" not in repr(health)


def test_nothing_shown_is_no_share(tmp_path):
    operator(tmp_path, [line("10:00", "anna", uri="/x")])
    assert checked(tmp_path).share == 0.0
