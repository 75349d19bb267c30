"""Do the words of those who ask become the recipients, customers and data classes of the registries?"""

from datetime import UTC, datetime

import pytest

from whosaw import config
from whosaw.edge.decide import meaning
from whosaw.edge.decide.meaning import Meaning, Thing, filled, moment_of, outer
from whosaw.edge.decide.wire import Action, Ask, Party
from whosaw.identifiers import Pseudonymiser, profile
from whosaw.identifiers.objects import object_key
from whosaw.model import DataClass, RecipientKind, data_mask

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES, GB = Pseudonymiser(bytes(range(32))), profile("GB", [])
OWNER = [{"object": name, "query": "select 1"} for name in ("bill", "number")]


def means(**decide):
    return Meaning(config.parse({"decide": decide, "owner": OWNER}), NAMES, GB)


def ask(recipient=("employee", "e1"), action="read", customer=("customer", "A1"), context=None):
    return Ask(Party(*recipient, {}), Action(action, {}), Party(*customer, {}), context or {})


def test_without_words_of_its_own_a_type_is_a_kind_a_customer_or_an_object_with_owners():
    usual = means()
    question = usual.question(ask(), NOW)
    assert (question.kind, question.recipient, question.customer) == (RecipientKind.EMPLOYEE, NAMES.key("r", "e1"), NAMES.key("c", "A1"))
    assert usual.thing(Party("bill", "B1", {})) == Thing(object=object_key(NAMES, "bill", "B1", GB))
    assert usual.thing(Party("number", "07700 900001", {})) == usual.thing(Party("number", "+447700900001", {}))


def test_without_actions_of_its_own_a_look_shows_no_one_knows_what_and_a_data_class_itself():
    usual = means()
    assert [usual.data(ask(action=name)) for name in ("read", "GET", "bill", "delete")] == [0, 0, data_mask([DataClass.BILL]), None]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"action": "delete"}, meaning.NO_ACTION),
        ({"customer": ("spaceship", "1")}, meaning.NO_TYPE),
        ({"context": {"time": "yesterday"}}, meaning.NO_TIME),
        ({"context": {"time": "2026-01-01T00:00:00"}}, meaning.NO_TIME),
        ({"context": {"time": 7}}, meaning.NO_TIME),
    ],
)
def test_a_question_without_a_meaning_says_why(changes, why):
    assert means().question(ask(**changes), NOW) == why


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59"])
def test_a_time_beyond_all_times_is_none(time):
    assert moment_of({"time": time}, NOW) is None


def test_a_recipient_of_an_unknown_type_is_of_an_unknown_kind_and_one_without_a_name_nobody():
    usual = means()
    assert usual.recipient(Party("robot", "x", {}), 0, 0).kind is RecipientKind.UNKNOWN
    assert usual.recipient(Party("customer_login", "", {}), 0, 0)[:2] == (RecipientKind.ANONYMOUS, None)
    assert usual.recipient(Party("employee", "", {}), 0, 0)[:2] == (RecipientKind.UNKNOWN, None)


def test_a_site_is_known_by_its_name_in_lower_case():
    asked = means().recipient(Party("site", "Music.Example", {}), 0, 0)
    assert (asked.site, asked.recipient) == ("music.example", NAMES.key("r", "music.example"))


def test_of_several_ways_to_name_a_thing_the_first_that_was_sent_along_counts():
    own = means(customer=[{"type": "todo", "name": "{ownerID}"}, {"type": "todo"}])
    assert own.thing(Party("todo", "t1", {"ownerID": "A1"})) == Thing(customer=NAMES.key("c", "A1"))
    assert own.thing(Party("todo", "t1", {})) == Thing(customer=NAMES.key("c", "t1"))


def test_an_action_is_the_first_whose_type_and_conditions_fit():
    actions = [
        {"name": "see", "type": "bill", "data": ["bill"]},
        {"name": "see", "when": {"customer.kind": "secret", "recipient.level": 3, "context.at": "desk"}, "data": ["content"]},
        {"name": "see", "data": ["account"]},
    ]
    own = means(action=actions)
    plain = ask(action="see")
    special = plain._replace(
        recipient=Party("employee", "e", {"level": 3}), customer=Party("customer", "A", {"kind": "secret"}), context={"at": "desk"}
    )
    masks = [data_mask([one]) for one in (DataClass.BILL, DataClass.CONTENT, DataClass.ACCOUNT)]
    asks = [ask(action="see", customer=("bill", "B")), special, plain]
    assert [own.data(one) for one in asks] == masks
    assert own.data(special._replace(recipient=Party("employee", "e", {"level": True}))) == masks[2], "true is not one"


@pytest.mark.parametrize(
    ("name", "properties", "expected"),
    [
        ("{id}", {}, "7"),
        ("route {id}", {}, "route 7"),
        ("{tenant}/{id}", {"tenant": "t"}, "t/7"),
        ("{tenant}/{id}", {}, None),
        ("{n}", {"n": 5}, "5"),
        ("{n}", {"n": True}, None),
        ("{n}", {"n": ["a"]}, None),
    ],
)
def test_a_name_is_filled_in_with_what_was_sent(name, properties, expected):
    assert filled(name, Party("x", "7", properties)) == expected


@pytest.mark.parametrize(
    ("name", "inner", "expected"),
    [("{id}", "7", "7"), ("route {id}", "route 7", "7"), ("route {id}", "7", None), ("{tenant}/{id}", "t/7", None), ("a{id}a", "a", None)],
)
def test_a_name_leads_back_to_the_identifier_where_there_is_nothing_else_in_it(name, inner, expected):
    assert outer(name, inner) == expected


def test_the_moment_is_that_of_the_context_or_now():
    assert moment_of({}, NOW) == moment_of({"time": "2026-01-01T01:00+01:00"}, datetime(1999, 1, 1, tzinfo=UTC))
