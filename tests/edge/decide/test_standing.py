"""Are changed registries taken over while questions come in, whole, and only if they can be believed?"""

import json

import pytest

from decisions import asked
from whosaw.errors import ConfigError
from whosaw.judge.registries import RESTED
from whosaw.ledger import Ledger

LOGIN = "customer_login"
HEAD = "login,account,since,until\n"
MANY = HEAD + "".join(f"login{i},A{i},,\n" for i in range(40))


def may(service, who, whose="A1"):
    return service.decider.evaluate(json.dumps(asked((LOGIN, who), "account", ("customer", whose))).encode()).decision


class Clock:
    """Seconds that go forward with every look, and by `RESTED` when all is left alone."""

    def __init__(self):
        self.now = 1e6

    def look(self, service):
        self.now += 1
        return service.standing.reconsider(self.now)

    def rest(self, service):
        self.look(service)
        self.now += RESTED
        return service.standing.reconsider(self.now)


@pytest.fixture
def clock():
    return Clock()


def test_what_is_filed_late_counts_once_the_file_was_left_alone(answering, clock):
    service = answering()
    assert not may(service, "carl")
    with (service.folder / "logins.csv").open("a") as f:
        f.write("carl,A1,,\n")
    assert not clock.look(service)
    assert not may(service, "carl")
    assert clock.rest(service)
    assert may(service, "carl")
    assert may(service, "anna")
    assert not clock.rest(service), "nothing has changed since"


def test_what_is_withdrawn_is_denied(answering, clock):
    service = answering()
    (service.folder / "logins.csv").write_text(HEAD + "bert,A2,,\n")
    clock.rest(service)
    assert (may(service, "anna"), may(service, "bert", "A2")) == (False, True)


def test_a_bill_that_changes_hands_is_that_of_its_new_owner(answering, clock):
    service = answering()
    ask = json.dumps(asked((LOGIN, "bert"), "bill", ("bill", "B1"))).encode()
    assert not service.decider.evaluate(ask).decision
    (service.folder / "bills.csv").write_text("bill,account,since,until\nB1,A2,,\n")
    clock.rest(service)
    assert service.decider.evaluate(ask).decision


@pytest.mark.parametrize("text", [MANY[:200], "", "other,columns\n1,2\n", None])
def test_a_registry_that_shrank_or_cannot_be_read_leaves_what_was_loaded_before(answering, clock, text):
    service = answering(logins_csv=MANY)
    path = service.folder / "logins.csv"
    path.write_text(text) if text is not None else path.unlink()
    assert not clock.rest(service)
    assert may(service, "login39", "A39")
    assert "what was loaded before still counts" in service.standing.troubles["entitlement[0]"]
    path.write_text(MANY + "carl,A1,,\n")
    assert clock.rest(service)
    assert service.standing.troubles == {}
    assert may(service, "carl")


def test_the_names_of_searches_follow_the_registry(answering, clock):
    service = answering({"decide": {"search": True}})
    (service.folder / "logins.csv").write_text(HEAD + "carl,A3,,\n")
    clock.rest(service)
    found = service.searcher.search("recipient", json.dumps(asked((LOGIN,), "account", ("customer", "A3"))).encode())
    assert [one.id for one in found.results] == ["carl"]
    names = {name for (name,) in service.standing.engine.rows("select name from names where relation = 'entitlement[0]'")}
    assert names == {"carl", "A3"}


def test_what_a_person_vouches_for_counts(answering, clock):
    service = answering()
    names = service.standing.pseudonyms
    pair = [names.key("r", "carl"), names.key("c", "A1")]
    with Ledger(service.folder / "ledger", write=True) as ledger:  # nobody holds it, though the service runs
        ledger.vouch([("ownership", *pair, None, "2012-01-01", "seen in person", "dora", "2012-01-10")])
    assert clock.look(service)
    assert may(service, "carl")


def test_whoever_asked_before_goes_on_with_what_was_said_then(answering, clock):
    service = answering()
    before = service.standing.index
    (service.folder / "logins.csv").write_text(HEAD)
    clock.rest(service)
    assert (before.size, service.standing.index.size) == (2, 0)


def test_a_column_that_is_not_there_ends_it_at_the_start(answering):
    with pytest.raises(ConfigError, match=r"which `logins\.csv` does not have"):
        answering(logins_csv="a,b\n")
