import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.parser import text_string_to_metric_families as plain_families

from servers.conftest import free_port
from watch.standing import NOW, STATUS
from whosaw.errors import ConfigError
from whosaw.watch.metrics import NAMES, serve

OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
DOCS = Path(__file__).parents[2] / "docs" / "reference" / "watch.md"


@pytest.fixture
def served():
    """What the endpoint says, with the status that the watch has at that moment."""
    holder = {"status": STATUS}
    endpoint = serve(("127.0.0.1", free_port()), lambda: holder["status"], lambda: NOW)

    def ask(accept=OPENMETRICS):
        request = urllib.request.Request(f"http://127.0.0.1:{endpoint.port}/metrics", headers={"Accept": accept})
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return answer.headers["content-type"], answer.read().decode()

    yield ask, holder
    endpoint.stop()


def samples(text):
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name, *sorted(sample.labels.items())] = sample.value
    return found


def test_it_is_openmetrics_and_says_how_each_source_and_all_of_it_stand(served):
    kind, text = served[0]()
    assert kind.startswith("application/openmetrics-text")
    found = samples(text)
    gateway, portal = ("source", "gateway"), ("source", "portal")
    assert found["whosaw_source_lag_seconds", gateway] == 2
    assert found["whosaw_source_lag_seconds", portal] == 7200
    assert ("whosaw_source_lag_seconds", ("source", "crm")) not in found, "a source without a line has no lag, not a lag of nothing"
    assert found["whosaw_source_lines_total", gateway] == 1000
    assert found["whosaw_source_rejected_total", gateway] == 3
    assert found["whosaw_source_behind_bytes", gateway] == 77
    assert found["whosaw_source_state", portal, ("whosaw_source_state", "silent")] == 1
    assert found["whosaw_source_state", portal, ("whosaw_source_state", "following")] == 0
    assert found["whosaw_judged_ratio",] == 0.75
    assert found["whosaw_unjudged_oldest_age_seconds",] == 1
    assert found["whosaw_batches_total",] == 12
    assert found["whosaw_incidents_open",] == 2
    assert found["whosaw_messages_waiting", ("channel", "mail")] == 3
    assert found["whosaw_messages_given_up", ("channel", "hook")] == 1
    assert found["whosaw_syslog_refused_total", ("listener", "tls://0.0.0.0:6514"), ("reason", "carries no message")] == 7


def test_an_older_collector_understands_it_as_well(served):
    kind, text = served[0]("text/plain")
    assert kind.startswith("text/plain")
    assert {family.name for family in plain_families(text)} >= {"whosaw_incidents_open", "whosaw_source_state"}


def test_every_metric_is_named_in_the_list_and_in_the_documentation(served):
    told = {name for name, *_ in samples(served[0]()[1])}
    assert told == set(NAMES)
    page = DOCS.read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in page] == []


def test_before_the_first_batch_there_is_nothing_to_say(served):
    served[1]["status"] = None
    assert samples(served[0]()[1]) == {}


def test_a_port_that_is_taken_is_told(served):
    port = free_port()
    first = serve(("127.0.0.1", port), lambda: None, lambda: NOW)
    with pytest.raises(ConfigError, match=rf"cannot serve `watch.metrics` at `127.0.0.1:{port}`: address already in use"):
        serve(("127.0.0.1", port), lambda: None, lambda: NOW)
    first.stop()


def test_without_the_package_the_message_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ConfigError, match="needs the package prometheus-client") as problem:
        serve(("127.0.0.1", free_port()), lambda: None, lambda: NOW)
    assert "whosaw[watch]" in problem.value.hint
