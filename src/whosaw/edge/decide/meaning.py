"""What does a question ask in our words? The types, names, properties and actions of whoever asks become pseudonyms and data classes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from whosaw.config.deciding import ID, PLACEHOLDER, AskedAction, AskedCustomer, AskedRecipient
from whosaw.edge.decide.index import Judged, Question, micros
from whosaw.identifiers.objects import object_key
from whosaw.model import DataClass, RecipientKind, Verdict, data_mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from whosaw.config import Config
    from whosaw.edge.decide.wire import Ask, Party
    from whosaw.identifiers import Profile, Pseudonymiser

NO_ACTION = "it is not configured which data the action shows"
NO_TYPE = "it is not configured what this type of thing is, or what names it was not sent along"
NO_TIME = "the time in the context is no RFC 3339 time"

LOOKS = ("read", "view", "see", "can_read", "can_view", "GET", "HEAD")
"""Actions that show data without saying which. Each data class is an action too, when none is configured."""

_DEFAULT_ACTIONS = (
    *(AskedAction(name=name) for name in LOOKS),
    *(AskedAction(name=one.value, data=[one]) for one in DataClass),
)

_KINDS = [kind for kind in RecipientKind if kind not in {RecipientKind.UNKNOWN, RecipientKind.ANONYMOUS}]
_LOGINS = (RecipientKind.CUSTOMER_LOGIN, RecipientKind.COMPANY_USER)


class Thing(NamedTuple):
    """What is to be seen: a customer, or an object of a customer."""

    customer: int | None = None
    object: int | None = None


class Meaning:
    """A configuration's words for recipients, customers and actions."""

    def __init__(self, config: Config, pseudonyms: Pseudonymiser, own: Profile) -> None:
        """Take the words of `[decide]`; where it has none, a type is one of our kinds, `customer`, or an object that has owners."""
        decide = config.decide
        self.pseudonyms, self._own = pseudonyms, own
        known = {asked.type for asked in decide.recipient}
        self.recipients = [*decide.recipient, *(AskedRecipient(type=kind.value, kind=kind) for kind in _KINDS if kind not in known)]
        objects = dict.fromkeys(owner.object for owner in config.owner)
        usual = [AskedCustomer(type="customer"), *(AskedCustomer(type=name, object=name) for name in objects)]
        known = {asked.type for asked in decide.customer}
        self.customers = [*decide.customer, *(asked for asked in usual if asked.type not in known)]
        self.actions: Sequence[AskedAction] = decide.action or _DEFAULT_ACTIONS

    def question(self, ask: Ask, now: datetime) -> Question | str:
        """Return a complete question in our words, or why it has none."""
        moment = moment_of(ask.context, now)
        if moment is None:
            return NO_TIME
        data = self.data(ask)
        if data is None:
            return NO_ACTION
        thing = self.thing(ask.customer)
        return NO_TYPE if thing is None else self.recipient(ask.recipient, moment, data)._replace(**thing._asdict())

    def recipient(self, party: Party, moment: int, data: int) -> Question:
        """Return a question about a recipient, not yet about whom. One that is not configured is of an unknown kind."""
        for asked in self.recipients:
            if asked.type == party.type and (name := filled(asked.name, party)) is not None:
                return self.asked_by(asked.kind, name, moment, data)
        return Question(RecipientKind.UNKNOWN, None, moment, data)

    def asked_by(self, kind: RecipientKind, name: str, moment: int, data: int) -> Question:
        """Return a question about a recipient of a kind, as the ledger's reader knows it."""
        if not name:
            kind = RecipientKind.ANONYMOUS if kind in _LOGINS else RecipientKind.UNKNOWN
            return Question(kind, None, moment, data)
        name = name.lower() if kind is RecipientKind.SITE else name
        return Question(kind, self.pseudonyms.key("recipient", name), moment, data, site=name if kind is RecipientKind.SITE else "")

    def thing(self, party: Party) -> Thing | None:
        """Return what is to be seen; nothing if it is not configured what that is."""
        for asked in self.customers:
            if asked.type == party.type and (name := filled(asked.name, party)) is not None:
                return self.named(asked.object, name)
        return None

    def named(self, kind: str, name: str) -> Thing:
        """Return an object of a kind, or a customer if there is none, by its name."""
        if kind:
            return Thing(object=object_key(self.pseudonyms, kind, name, self._own))
        return Thing(customer=self.pseudonyms.key("customer", name) if name else None)

    def data(self, ask: Ask) -> int | None:
        """Return the data classes that an action shows; nothing if it is not configured."""
        for rule in self.actions:
            if (
                rule.name == ask.action.name
                and rule.type in {"", ask.customer.type}
                and all(_is_so(ask, *one) for one in rule.when.items())
            ):
                return data_mask(rule.data)
        return None


def unanswered(why: str) -> Judged:
    """Return the verdict on a question that has no meaning in our words."""
    return Judged(Verdict.CANNOT_JUDGE, why, None, ())


def moment_of(context: Mapping[str, Any], now: datetime) -> int | None:
    """Return the moment a question is about: `time` of its context, or now. Seconds may be left out, as the certification does."""
    if "time" not in context:
        return micros(now)
    try:
        moment = datetime.fromisoformat(context["time"])
        return micros(moment.astimezone(UTC)) if moment.tzinfo is not None else None
    except (TypeError, ValueError, OverflowError):
        return None


def filled(name: str, party: Party) -> str | None:
    """Return a configured name with its placeholders filled in from what was sent; nothing if one of them was not."""
    if name == "{id}":
        return party.id
    out = []
    for i, part in enumerate(PLACEHOLDER.split(name)):
        value = part if i % 2 == 0 else party.id if part == ID else party.properties.get(part)
        if isinstance(value, bool) or not isinstance(value, str | int):
            return None
        out.append(str(value))
    return "".join(out)


def outer(name: str, inner: str) -> str | None:
    """Return the identifier that a configured name was filled with; nothing if it was not, or if more than that is needed."""
    before, placeholder, after = name.partition("{id}")
    fits = placeholder and "{" not in before + after and inner.startswith(before) and inner.endswith(after)
    found = inner[len(before) : len(inner) - len(after)] if fits else ""
    return found or None


def _is_so(ask: Ask, key: str, wanted: str | int | bool) -> bool:  # noqa: FBT001 - a value of the configuration
    part, _, name = key.partition(".")
    held = ask.context if part == "context" else getattr(ask, part).properties
    value = held.get(name)
    return type(value) is type(wanted) and value == wanted
