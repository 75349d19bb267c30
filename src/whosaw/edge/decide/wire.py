"""How is a question written, and how its answer? OpenID AuthZEN Authorization API 1.0; nowhere else are its words used.

There the one who wants to see is the `subject`, and what is to be seen the `resource`. Unknown fields are ignored, as it demands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from whosaw.model import Verdict

if TYPE_CHECKING:
    from whosaw.edge.decide.index import Judged

PREFIX = "/access/v1/"
EVALUATION, EVALUATIONS = PREFIX + "evaluation", PREFIX + "evaluations"
SEARCHES = {
    "recipient": PREFIX + "search/subject",
    "customer": PREFIX + "search/resource",
    "action": PREFIX + "search/action",
}
METADATA = "/.well-known/authzen-configuration"

MANY = 1000
"""Questions of one batch; nobody renders a page of more."""


class Problem(NamedTuple):
    """What is wrong with a question: the status of HTTP, and a sentence that quotes nothing of it."""

    status: int
    message: str


class Party(NamedTuple):
    """One who wants to see, or what is to be seen."""

    type: str
    id: str
    properties: Mapping[str, Any]


class Action(NamedTuple):
    """What is to be done."""

    name: str
    properties: Mapping[str, Any]


class Ask(NamedTuple):
    """A complete question. In a search, the identifier of one part is empty, or the name of the action."""

    recipient: Party
    action: Action
    customer: Party
    context: Mapping[str, Any]


class _Party(msgspec.Struct, frozen=True):
    """A recipient or a customer as far as it was sent."""

    type: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    properties: dict[str, Any] | UnsetType = UNSET


class _Action(msgspec.Struct, frozen=True):
    """An action as far as it was sent."""

    name: str | UnsetType = UNSET
    properties: dict[str, Any] | UnsetType = UNSET


class Sent(msgspec.Struct, frozen=True):
    """A question as it was sent, each part as far as it was."""

    recipient: _Party | UnsetType = msgspec.field(name="subject", default=UNSET)
    action: _Action | UnsetType = UNSET
    customer: _Party | UnsetType = msgspec.field(name="resource", default=UNSET)
    context: dict[str, Any] | UnsetType = UNSET


class Page(msgspec.Struct, frozen=True):
    """Which part of a long answer is wanted."""

    token: str = ""
    limit: int | None = None


class Search(Sent, frozen=True):
    """A question with a part left open."""

    page: Page = Page()


class Options(msgspec.Struct, frozen=True):
    """How a batch is answered."""

    evaluations_semantic: Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"] = "execute_all"


class Batch(Sent, frozen=True):
    """Several questions, with defaults for their parts."""

    evaluations: list[msgspec.Raw] = msgspec.field(default_factory=list)
    options: Options = Options()


_OUTER = {"recipient": "subject", "customer": "resource", "action": "action"}
_NEEDED = {"recipient": ("type", "id"), "customer": ("type", "id"), "action": ("name",)}

_Kind = TypeVar("_Kind", bound=Sent)


def read(body: bytes | msgspec.Raw, kind: type[_Kind]) -> _Kind | Problem:
    """Return a question; a problem if it is no JSON or a part of it has the wrong type."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as wrong:
        _, _, where = str(wrong).partition(" - at `$")
        return Problem(400, f"wrong type: {where.rstrip('`').lstrip('.') or 'the body is no object'}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Problem(400, "the body is not JSON")


def complete(sent: Sent, *, open_part: str = "") -> Ask | Problem:
    """Return a question that has all it needs. A search leaves the identifier of one part open, or the whole action."""
    for part, needed in _NEEDED.items():
        held = getattr(sent, part)
        wanted = needed if part != open_part else needed[:-1]
        if wanted and held is UNSET:
            return Problem(400, f"missing: {_OUTER[part]}")
        lacking = next((field for field in wanted if getattr(held, field) is UNSET), None)
        if lacking:
            return Problem(400, f"missing: {_OUTER[part]}.{lacking}")
    return Ask(
        recipient=_party(sent.recipient, is_open=open_part == "recipient"),
        action=Action("", {}) if open_part == "action" or not sent.action else Action(sent.action.name or "", sent.action.properties or {}),
        customer=_party(sent.customer, is_open=open_part == "customer"),
        context=sent.context or {},
    )


def _party(part: _Party | UnsetType, *, is_open: bool) -> Party:
    return Party(part.type or "", "" if is_open else part.id or "", part.properties or {}) if part else Party("", "", {})


def one_of(batch: Batch, raw: msgspec.Raw) -> Ask | Problem:
    """Return one question of a batch: its own parts whole, or the defaults; only what must be there falls back within a part."""
    own = read(raw, Sent)
    if isinstance(own, Problem):
        return own
    parts = {part: _merged(getattr(own, part), getattr(batch, part), needed) for part, needed in _NEEDED.items()}
    return complete(Sent(**parts, context=batch.context if own.context is UNSET else own.context))


def _merged(own: Any, default: Any, needed: Sequence[str]) -> Any:  # noqa: ANN401 - a part, or that there is none
    if own is UNSET or default is UNSET:
        return default if own is UNSET else own
    return msgspec.structs.replace(own, **{field: getattr(default, field) for field in needed if getattr(own, field) is UNSET})


# --- answers --------------------------------------------------------------------------------------------------------


class Answer(msgspec.Struct, frozen=True):
    """One decision. Its context holds the verdict, why, and the rows it rests on: never an identifier."""

    decision: bool
    context: dict[str, Any]


class Answers(msgspec.Struct, frozen=True):
    """The decisions of a batch, in its order."""

    evaluations: Sequence[Answer]


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """One result of a search."""

    type: str = ""
    id: str = ""
    name: str = ""


class NextPage(msgspec.Struct, frozen=True):
    """Where a long answer goes on; an empty token is its end."""

    next_token: str
    count: int


class Results(msgspec.Struct, frozen=True):
    """A page of results."""

    results: Sequence[Found]
    page: NextPage


def answer(judged: Judged) -> Answer:
    """Return a verdict as a decision: only what is entitled is allowed."""
    context: dict[str, Any] = {"verdict": judged.verdict.value}
    if judged.why:
        context["why"] = judged.why
    context["reasons"] = [{key: value for key, value in reason._asdict().items() if value != ""} for reason in judged.reasons]
    return Answer(judged.verdict is Verdict.ENTITLED, context)


def failed(problem: Problem) -> Answer:
    """Return the answer to a question of a batch that cannot be answered: no."""
    error = {"status": problem.status, "message": problem.message}
    return Answer(decision=False, context={"verdict": Verdict.CANNOT_JUDGE.value, "reasons": [], "error": error})


def metadata(url: str, *, search: bool) -> dict[str, str]:
    """Return what a service says about itself."""
    found = {
        "policy_decision_point": url,
        "access_evaluation_endpoint": url + EVALUATION,
        "access_evaluations_endpoint": url + EVALUATIONS,
    }
    return found | ({f"search_{_OUTER[part]}_endpoint": url + path for part, path in SEARCHES.items()} if search else {})
