"""What goes wrong only while a proxy changes is found too."""

import pytest

from whosaw.edge.verify.asking import STRANGER
from whosaw.edge.verify.changing import LOGS, REASSIGNED, UNASKED, UNDER_LOAD, prove
from whosaw.edge.verify.probes import PROBES
from whosaw.edge.verify.raw import Piece, talk
from whosaw.edge.verify.sending import send

EXACT = next(probe for probe in PROBES if probe.name == "partner-exact")


def replaced(stage, file, before, after):
    path = stage.place / file
    whole = path.read_text()
    assert before in whole
    path.write_text(whole.replace(before, after))


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_a_rule_that_is_lost_at_a_reload_is_found(staged, text, target):
    file, rule = {
        "squid": ("whosaw.conf", "request_header_access X-MSISDN deny all\n"),
        "haproxy": ("whosaw.cfg", "|.*m[^a-z]*s[^a-z]*i[^a-z]*s[^a-z]*d[^a-z]*n[^a-z]*"),
        "nginx": ("rules.conf", "proxy_set_header X-MSISDN $whosaw_value_x_msisdn;\n"),
    }[target]
    stage = staged(text, target)
    with stage.running() as live:
        assert send(live.scene, live.door, live.origins, EXACT).state == "held"
        replaced(stage, file, rule, "")
        found = prove(live, UNDER_LOAD)
    assert found.state == "broken"
    assert any(why.startswith(f"{STRANGER} during a reload: the stranger origin received `") for why in found.why), found.why


def test_many_requests_are_under_way_while_the_proxy_reads_its_configuration(staged, text):
    with staged(text, "haproxy").running() as live:
        found = prove(live, UNDER_LOAD)
    assert found.state == "held"
    assert found.requests >= 50


def test_a_proxy_that_refuses_everything_meanwhile_proves_nothing(staged, text, monkeypatch):
    monkeypatch.setattr("whosaw.edge.verify.changing._until", lambda *_: False)
    stage = staged(text, "nginx")
    replaced(stage, "rules.conf", "proxy_set_header Via", "return 403;\nproxy_set_header Via")
    with stage.running() as live:
        found = prove(live, UNDER_LOAD)
    assert (found.state, found.why) == ("inconclusive", ("while it was reloaded: only 0 requests arrived",))


def test_an_answer_that_is_kept_for_too_long_is_found(staged, text):
    stage = staged(text, "squid")
    replaced(stage, "whosaw.conf", " ttl=1 ", " ttl=300 ")
    with stage.running() as live:
        found = prove(live, REASSIGNED)
    assert found.state == "broken"
    assert "instead of" in found.why[0]


def test_a_table_that_nobody_keeps_up_to_date_is_found(staged, text):
    with staged(text, "haproxy").running() as live:
        found = prove(live._replace(assign=lambda _: None), REASSIGNED)
    assert found.state == "broken"


def test_a_log_without_any_token_is_found(staged, text):
    stage = staged(text, "nginx")
    replaced(stage, "maps.conf", "default $whosaw_token;", 'default "";')
    with stage.running() as live:
        send(live.scene, live.door, live.origins, EXACT)
        found = prove(live, LOGS)
    assert (found.state, found.why[0]) == ("broken", "the log: a request that told is logged as one that did not")


def test_a_proxy_that_logs_nothing_proves_nothing(staged, text):
    with staged(text, "nginx").running() as live:
        assert prove(live._replace(logs=lambda: b""), LOGS).state == "inconclusive"


def test_what_a_proxy_sends_on_its_own_is_judged(staged, text):
    with staged(text, "nginx").running() as live:
        assert prove(live, UNASKED).state == "held"
        alone = [Piece(b"GET /check HTTP/1.1\r\nHost: a\r\nX-MSISDN: 447700909909\r\n\r\n")]
        talk(live.origins.addresses["stranger"], "127.0.0.1", alone, patience=10)
        found = prove(live, UNASKED)
    assert (found.state, found.why) == ("broken", ("a request without mark: the stranger origin received `X-MSISDN`",))
