"""Is a question read as it was sent, and completed as the standard says?"""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.edge.decide import wire
from whosaw.edge.decide.index import Judged, Reason
from whosaw.model import Verdict

WHOLE = {"subject": {"type": "user", "id": "ann"}, "action": {"name": "read"}, "resource": {"type": "bill", "id": "B1"}}


def sent(body):
    return wire.read(msgspec.json.encode(body), wire.Sent)


def test_a_question_is_complete_with_its_three_parts():
    ask = wire.complete(sent(WHOLE))
    assert ask == wire.Ask(wire.Party("user", "ann", {}), wire.Action("read", {}), wire.Party("bill", "B1", {}), {})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**WHOLE, "subject": {"type": "user"}}, "missing: subject.id"),
        ({**WHOLE, "action": {}}, "missing: action.name"),
        ({"subject": WHOLE["subject"]}, "missing: resource"),
    ],
)
def test_what_is_missing_is_named(body, said):
    assert wire.complete(sent(body)) == wire.Problem(400, said)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**WHOLE, "subject": {"type": "user", "id": 447700900123}}, "wrong type: subject.id"),
        ({**WHOLE, "context": None}, "wrong type: context"),
        ([], "wrong type: the body is no object"),
    ],
)
def test_a_wrong_type_is_named_by_its_place_and_quotes_nothing(body, said):
    assert sent(body) == wire.Problem(400, said)


def test_what_is_not_known_in_a_part_is_ignored_whatever_its_type():
    body = {
        "subject": {"type": "user", "id": "ann", "name": {"first": "Ann"}},
        "action": {"name": "read", "id": 7},
        "resource": WHOLE["resource"],
    }
    assert wire.complete(sent(body)) == wire.complete(sent(WHOLE))


def test_a_search_leaves_one_part_open_and_ignores_its_identifier():
    assert wire.complete(sent(WHOLE), open_part="customer").customer == wire.Party("bill", "", {})
    assert wire.complete(sent({**WHOLE, "action": {"name": "read"}}), open_part="action").action == wire.Action("", {})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["subject", "action", "resource", "context", "type", "id", "name", "properties", "evaluations", "options", "page", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(JSON | st.binary(max_size=60), st.sampled_from([wire.Sent, wire.Batch, wire.Search]))
def test_whatever_is_sent_is_a_question_or_a_problem(body, kind):
    read = wire.read(body if isinstance(body, bytes) else msgspec.json.encode(body), kind)
    if isinstance(read, wire.Batch):
        items = [wire.one_of(read, raw) for raw in read.evaluations]
        assert all(isinstance(one, wire.Ask | wire.Problem) for one in items)
    if not isinstance(read, wire.Problem):
        assert isinstance(wire.complete(read), wire.Ask | wire.Problem)


def test_an_answer_says_yes_only_to_what_is_entitled():
    reasons = (Reason("ownership", "A", "logins.csv", 2),)
    assert wire.answer(Judged(Verdict.ENTITLED, "", 1, reasons)) == wire.Answer(
        decision=True,
        context={"verdict": "entitled", "reasons": [{"basis": "ownership", "grade": "A", "source": "logins.csv", "line": 2}]},
    )
    for verdict in (Verdict.UNENTITLED, Verdict.CANNOT_JUDGE):
        assert wire.answer(Judged(verdict, "why", None, ())).decision is False


def test_a_service_that_does_not_search_does_not_say_it_does():
    assert [key for key in wire.metadata("https://d.example", search=False) if key.startswith("search")] == []
