"""Are all questions that were published for the interoperability of AuthZEN answered as published? Rules are registry rows here."""

import pytest

import decisions
from decisions import PEOPLE, ROUTES, SEARCHED, TODO, allowed, asked, mail, pid

EVALUATIONS = "/access/v1/evaluations"
SEARCH = "/access/v1/search/"

# what each may do, of what is Rick's and of what is their own: create, update Rick's, update own, delete Rick's, delete own
MAY = {"rick": "11111", "morty": "10101", "summer": "10101", "beth": "00000", "jerry": "00000"}
TODO_ID = "7240d0db-8ff0-41ec-98b2-34a096273b9f"


@pytest.fixture(scope="module")
def todo(tmp_path_factory):
    with decisions.serving(tmp_path_factory.mktemp("todo"), TODO) as service:
        yield service


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    with decisions.serving(tmp_path_factory.mktemp("records"), SEARCHED) as service:
        yield service


def item(owner):
    return ("todo", TODO_ID, {"ownerID": mail(owner)})


def todo_cases(name):
    """The 40 questions with their answers; `name` says how a person is called in them."""
    for who, may in MAY.items():
        me = ("user", name(who))
        own = "morty" if who == "rick" else who
        yield asked(me, "can_read_user", ("user", mail("beth"))), True
        yield asked(me, "can_read_user", ("user", name(who))), True
        yield asked(me, "can_read_todos", ("todo", "todo-1")), True
        questions = [asked(me, "can_create_todo", ("todo", "todo-1"))]
        questions += [asked(me, f"can_{what}_todo", item(owner)) for what in ("update", "delete") for owner in ("rick", own)]
        yield from zip(questions, [answer == "1" for answer in may], strict=True)


@pytest.mark.parametrize("name", [pid, mail], ids=["draft 02 and later", "draft 00"])
def test_the_forty_questions_about_the_list_are_answered_as_published(todo, name):
    questions, answers = zip(*todo_cases(name), strict=True)
    assert (len(answers), sum(answers)) == (40, 26)
    assert todo.decisions(*questions) == list(answers)


@pytest.mark.parametrize(
    ("who", "other", "expected"), [("rick", "jerry", [True, True]), ("morty", "morty", [False, True]), ("jerry", "jerry", [False, False])]
)
def test_the_three_batches_about_the_list_are_answered_as_published(todo, who, other, expected):
    batch = {
        "subject": {"type": "user", "id": pid(who), "identity": pid(who)},
        "action": {"name": "can_update_todo"},
        "resource": {},
        "context": {},
        "evaluations": [{"resource": {"type": "todo", "id": TODO_ID, "properties": {"ownerID": mail(owner)}}} for owner in ("rick", other)],
    }
    status, _, answer = todo.ask(EVALUATIONS, batch)
    assert (status, [one["decision"] for one in answer["evaluations"]]) == (200, expected)


def test_the_twenty_five_questions_of_the_gateways_are_answered_as_published(todo):
    calls = [("GET", ROUTES[0]), ("GET", ROUTES[1]), ("POST", ROUTES[1]), ("PUT", ROUTES[2]), ("DELETE", ROUTES[2])]
    cases = [
        (asked(("identity", pid(who)), method, ("route", route)), method == "GET" or "viewer" not in PEOPLE[who][2])
        for who in PEOPLE
        for method, route in calls
    ]
    assert (len(cases), sum(answer for _, answer in cases)) == (25, 19)
    assert todo.decisions(*(question for question, _ in cases)) == [answer for _, answer in cases]


def results(service, part, question):
    status, _, answer = service.ask(SEARCH + part, question)
    assert status == 200
    assert answer["page"] == {"next_token": "", "count": len(answer["results"])}
    return answer["results"]


def test_the_sixty_searches_for_people_find_who_was_published(records):
    cases = [(record, action, who) for record, actions in allowed().items() for action, who in actions.items()]
    assert len(cases) == 60
    for record, action, who in cases:
        question = asked(("user",), action, ("record", record))
        assert results(records, "subject", question) == [{"type": "user", "id": name} for name in who], (record, action)


def test_the_eighteen_searches_for_records_and_the_six_of_the_identity_provider_find_what_was_published(records):
    people = ["alice", "bob", "carol", "dan", "erin", "felix"]
    cases = [(who, action) for who in people for action in ("view", "edit", "delete")]
    assert len(cases) == 18
    for who, action in cases:  # those of the identity provider are the six for `delete`
        expected = [{"type": "record", "id": record} for record, actions in allowed().items() if who in actions[action]]
        assert results(records, "resource", asked(("user", who), action, ("record",))) == expected, (who, action)


def test_the_hundred_and_twenty_searches_for_actions_find_what_was_published(records):
    people = ["alice", "bob", "carol", "dan", "erin", "felix"]
    cases = [(who, record, actions) for who in people for record, actions in allowed().items()]
    assert len(cases) == 120
    for who, record, actions in cases:
        expected = [{"name": action} for action, those in actions.items() if who in those]
        question = {"subject": {"type": "user", "id": who}, "resource": {"type": "record", "id": record}}
        assert results(records, "action", question) == expected, (who, record)


def test_what_a_search_finds_is_allowed_when_it_is_asked_for(records):
    for action in ("view", "edit", "delete"):
        found = results(records, "resource", asked(("user", "dan"), action, ("record",)))
        assert all(records.decisions(*(asked(("user", "dan"), action, ("record", one["id"])) for one in found)))
