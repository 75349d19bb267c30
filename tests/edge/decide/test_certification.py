"""The certification scenario of AuthZEN 1.0, level by level, asked of the real service (`certification/authorization-api-1_0-scenario.md`)."""

import pytest

import decisions
from decisions import CERTIFIED

EVALUATION, EVALUATIONS, SEARCH = "/access/v1/evaluation", "/access/v1/evaluations", "/access/v1/search/"
ALICE, BOB = {"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}
ADMIN = BOB | {"properties": {"role": "admin"}}
ONE, TWO = {"type": "record", "id": "record-1"}, {"type": "record", "id": "record-2"}
ACTIVE, ARCHIVED = ONE | {"properties": {"status": "active"}}, TWO | {"properties": {"status": "archived"}}
READ, WRITE = {"name": "read"}, {"name": "write"}
TIME = {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with decisions.serving(tmp_path_factory.mktemp("certified"), CERTIFIED) as running:
        yield running


def question(subject=ALICE, action=READ, resource=ONE, **more):
    return {"subject": subject, "action": action, "resource": resource, **more}


def without(body, part, field=""):
    if not field:
        return {key: value for key, value in body.items() if key != part}
    return body | {part: {key: value for key, value in body[part].items() if key != field}}


# --- basic ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "decision"),
    [
        (question(), True),
        (question(action=WRITE), True),
        (question(BOB), True),
        (question(BOB, WRITE), False),
        (question(context=TIME), True),
        (question(ALICE, WRITE, ARCHIVED), False),
        (question(ADMIN, WRITE, ARCHIVED), True),
        (question(action={"name": "delete", "properties": {"soft": True}}), True),
        (question(action={"name": "delete", "properties": {"soft": False}}), False),
        (question(ALICE | {"properties": {"department": "Sales"}}, READ | {"properties": {"method": "GET"}}, ACTIVE), True),
        (question(foo="bar", futureField={"nested": True}), True),
    ],
)
def test_a_decision_is_that_of_the_fixture_however_often_it_is_asked_for(service, body, decision):
    for _ in range(3):
        status, headers, answer = service.ask(EVALUATION, body)
        assert (status, answer["decision"], headers["content-type"]) == (200, decision, "application/json")
        assert isinstance(answer["context"], dict)
        assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "body",
    [
        *(without(question(), part) for part in ("subject", "action", "resource")),
        *(without(question(), part, field) for part in ("subject", "resource") for field in ("type", "id")),
        question(action={}),
        question(subject="alice"),
        question(action={"name": 123}),
        question(context="now"),
        question(resource=ONE | {"properties": []}),
        [],
        "a text",
        b"",
        b"{",
        b'{"subject": \xff}',
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS])
def test_a_question_that_lacks_a_part_or_has_one_of_the_wrong_type_is_a_bad_request(service, body, path):
    status, headers, answer = service.ask(path, body, X_Request_ID="a-1")
    assert (status, type(answer), headers["x-request-id"]) == (400, str, "a-1")
    assert "alice" not in answer


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_only_json_is_answered(service, kind):
    assert service.ask(EVALUATION, question(), Content_Type=kind)[0] == 400
    assert service.ask(EVALUATION, question(), Content_Type="application/json; charset=utf-8")[0] == 200


def test_a_request_identifier_comes_back_and_none_is_needed(service):
    assert service.ask(EVALUATION, question(), X_Request_ID="bfe9eb29-ab87 x")[1]["x-request-id"] == "bfe9eb29-ab87 x"
    assert "x-request-id" not in service.ask(EVALUATION, question())[1]


# --- batch ----------------------------------------------------------------------------------------------------------


def batch(service, evaluations, **defaults):
    status, _, answer = service.ask(EVALUATIONS, {**defaults, "evaluations": evaluations})
    assert status == 200
    assert "decision" not in answer
    return [one["decision"] for one in answer["evaluations"]]


def test_a_batch_is_answered_in_its_order(service):
    assert len(batch(service, [{"resource": ONE}, {"resource": TWO}], subject=ALICE, action=READ)) == 2
    assert batch(service, [{"action": READ}, {"action": WRITE}], subject=BOB, resource=ONE) == [True, False]
    assert batch(service, [question(), question(BOB, WRITE)]) == [True, False]


def test_properties_count_for_each_question_of_a_batch(service):
    assert batch(service, [{"resource": ACTIVE}, {"resource": ARCHIVED}], subject=ALICE, action=WRITE) == [True, False]
    assert batch(service, [{"subject": ALICE}, {"subject": ADMIN}], action=WRITE, resource=ARCHIVED) == [False, True]


def test_a_part_replaces_its_default_whole_but_for_what_must_be_there(service):
    items = [{"resource": without({"r": ACTIVE}, "r", "type")["r"]}, {"resource": ARCHIVED}]
    assert batch(service, items, subject=ALICE, action=WRITE, resource={"type": "record"}) == [True, False]
    # the default's properties are not those of a question's own part
    assert batch(service, [{"resource": {"id": "record-1"}}], subject=ALICE, action=WRITE, resource=ARCHIVED) == [True]


def test_the_context_is_inherited_unless_a_question_has_its_own(service):
    items = [{"resource": ONE}, {"resource": ONE, "context": {"time": "no time"}}]
    assert batch(service, items, subject=ALICE, action=READ, context=TIME) == [True, False]


def test_a_question_of_a_batch_that_lacks_a_part_is_denied_in_its_place(service):
    status, _, answer = service.ask(EVALUATIONS, {"subject": ALICE, "action": READ, "evaluations": [{"resource": ONE}, {}, 7]})
    assert (status, [one["decision"] for one in answer["evaluations"]]) == (200, [True, False, False])
    assert answer["evaluations"][1]["context"]["error"] == {"status": 400, "message": "missing: resource"}


@pytest.mark.parametrize("more", [{}, {"evaluations": []}])
def test_a_batch_without_questions_is_one_question_itself(service, more):
    status, _, answer = service.ask(EVALUATIONS, question(**more))
    assert (status, answer["decision"]) == (200, True)


@pytest.mark.parametrize(
    ("semantic", "expected"),
    [
        ("execute_all", [True, False, True, False]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_a_batch_ends_where_its_semantic_says(service, semantic, expected):
    items = [{"action": {"name": name}} for name in ("read", "write", "read", "write")]
    options = {"evaluations_semantic": semantic, "another_option": "value"}
    assert batch(service, items, subject=BOB, resource=ONE, options=options) == expected


@pytest.mark.parametrize(
    "body",
    [
        question(evaluations={"1": {}}),
        question(evaluations=[question()], options={"evaluations_semantic": "some"}),
        question(evaluations=[question()] * 1001),
    ],
)
def test_a_batch_that_makes_no_sense_is_a_bad_request(service, body):
    assert service.ask(EVALUATIONS, body)[0] == 400


# --- search ---------------------------------------------------------------------------------------------------------


def found(service, part, **body):
    status, _, answer = service.ask(SEARCH + part, body)
    assert status == 200
    return [one.get("id") or one["name"] for one in answer["results"]]


def test_searches_find_what_the_fixture_holds(service):
    user, record = {"type": "user"}, {"type": "record"}
    assert found(service, "subject", subject=user, action=READ, resource=ONE) == ["alice", "bob"]
    assert found(service, "subject", subject=user, action=READ, resource=ONE, context=TIME) == ["alice", "bob"]
    assert found(service, "resource", subject=ALICE, action=READ, resource=record) == ["record-1"]
    assert found(service, "action", subject=ALICE, resource=ONE, context=TIME) == ["read", "write"]


def test_searches_look_at_properties(service):
    assert found(service, "subject", subject={"type": "user"}, action=WRITE, resource=ARCHIVED) == ["bob"]
    assert found(service, "resource", subject=ADMIN, action=WRITE, resource={"type": "record"}) == ["record-2"]
    assert found(service, "action", subject=ADMIN, resource=ARCHIVED) == ["write"]


def test_an_identifier_that_is_searched_for_is_ignored(service):
    assert found(service, "subject", subject=BOB | {"id": "nobody"}, action=READ, resource=ONE) == ["alice", "bob"]
    assert found(service, "resource", subject=ALICE, action=READ, resource=TWO) == ["record-1"]


def test_a_long_answer_comes_page_by_page(service):
    body = {"subject": {"type": "user"}, "action": READ, "resource": ONE}
    first = service.ask(SEARCH + "subject", body | {"page": {"limit": 1}})[2]
    assert ([one["id"] for one in first["results"]], first["page"]["count"]) == (["alice"], 1)
    second = service.ask(SEARCH + "subject", body | {"page": {"token": first["page"]["next_token"]}})[2]
    assert ([one["id"] for one in second["results"]], second["page"]) == (["bob"], {"next_token": "", "count": 1})


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("action", {"subject": {"type": "user", "id": "nonexistent-user"}, "resource": ONE}),
        ("subject", {"subject": {"type": "spaceship"}, "action": READ, "resource": ONE}),
        ("resource", {"subject": ALICE, "action": READ, "resource": {"type": "spaceship"}}),
        ("subject", {"subject": {"type": "user"}, "action": {"name": "fly"}, "resource": ONE}),
        ("subject", {"subject": {"type": "user"}, "action": READ, "resource": TWO | {"id": "record-9"}}),
    ],
)
def test_what_nobody_knows_finds_nothing(service, part, body):
    assert found(service, part, **body) == []


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("subject", {"subject": {"type": "user"}, "resource": ONE}),
        ("resource", {"action": READ, "resource": {"type": "record"}}),
        ("action", {"subject": ALICE}),
        ("subject", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
        ("resource", {"subject": {"type": "user"}, "action": READ, "resource": {"type": "record"}}),
        ("subject", {"subject": {}, "action": READ, "resource": ONE}),
        ("subject", question(page={"limit": -1})),
        ("subject", question(page={"limit": "many"})),
        ("subject", question(page={"token": "made-up"})),
        ("subject", question(page=[])),
    ],
)
def test_a_search_that_lacks_a_part_is_a_bad_request(service, part, body):
    assert service.ask(SEARCH + part, body)[0] == 400


# --- discovery ------------------------------------------------------------------------------------------------------


def test_the_service_says_where_it_is_asked(service):
    status, headers, answer = service.ask("/.well-known/authzen-configuration", method="GET")
    assert (status, headers["content-type"]) == (200, "application/json")
    base = "https://decide.operator.example"
    assert answer == {
        "policy_decision_point": base,
        "access_evaluation_endpoint": base + EVALUATION,
        "access_evaluations_endpoint": base + EVALUATIONS,
        "search_subject_endpoint": base + SEARCH + "subject",
        "search_resource_endpoint": base + SEARCH + "resource",
        "search_action_endpoint": base + SEARCH + "action",
    }
