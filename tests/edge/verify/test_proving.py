"""The real proxies obey what is compiled for them, and everything that they could not prove is said."""

import shutil

import pytest

from whosaw.edge import policy as policies
from whosaw.edge.verify import proving
from whosaw.edge.verify.probes import PROBES
from whosaw.errors import ConfigError

EVERYTHING = {
    "squid": {"name-patterns", "unlisted-names"},
    "haproxy": {"trailers"},
    "nginx": {"name-patterns", "unlisted-names"},
}
NEVER = {"cookies", "own-number-header", "own-number-cookie", "own-number-address"}


@pytest.fixture
def proved(written, moment):
    def result(text, target):
        return proving.started(policies.load(written(text)), target, moment, tell=lambda _: None)

    return result


def states(found):
    return {state: {r.probe for r in found.results if r.state == state} for state in ("held", "broken", "not expressible", "inconclusive")}


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_a_policy_with_everything_is_obeyed(proved, target, text):
    found = proved(text, target)
    assert [result for result in found.results if result.state in {"broken", "inconclusive"}] == []
    assert states(found)["not expressible"] == NEVER | EVERYTHING[target] | {"pinned-address"}
    assert len(found.results) == len(PROBES) + len(proving.CHANGES)
    assert found.version[0].isdigit()
    assert found.cpu_milliseconds > 0


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_intercepted_traffic_is_told_of_at_the_pinned_addresses_only(proved, target, pinned):
    found = proved(pinned, target)
    assert [result for result in found.results if result.state in {"broken", "inconclusive"}] == []
    assert {"pinned-address", "partner-exact", "partner-below", "reload-under-load"} <= states(found)["held"]


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_in_quarantine_no_name_leaves_that_is_not_innocent(proved, target, text):
    found = proved(f'mode = "quarantine"\n{text}', target)
    assert [result for result in found.results if result.state in {"broken", "inconclusive"}] == []
    assert {"name-patterns", "unlisted-names"} <= states(found)["held"]


def test_a_policy_without_partners_is_obeyed_by_telling_nobody(proved):
    found = proved('accept = ["pattern-names", "unlisted-names", "cookies", "own-number"]\n', "nginx")
    assert not states(found)["broken"] | states(found)["inconclusive"]
    assert {"names-lower", "unknown-customer"} <= states(found)["held"]
    assert {"partner-exact", "spoofed", "address-reassigned"} <= states(found)["not expressible"]


def test_an_answer_that_may_be_old_for_longer_than_we_wait_is_not_waited_for(proved, text):
    found = {result.probe: result for result in proved(text.replace('ttl = "1s"', 'ttl = "5m"'), "nginx").results}
    assert found["address-reassigned"].why == ("`subscribers.ttl` is 5m, and this waits 30 s at most",)


def test_rules_that_are_weaker_than_the_policy_are_not_tried(proved, text):
    with pytest.raises(ConfigError, match="nginx alone cannot stop"):
        proved(text.replace('"cookies", ', ""), "nginx")


def test_a_proxy_that_is_not_installed_is_said_before_anything_is_done(proved, text, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(ConfigError, match="`haproxy` is not installed"):
        proved(text, "haproxy")
