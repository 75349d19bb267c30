"""What does the policy say of this request, of this page? The decision, and the line that records it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.icap import pages
from whosaw.edge.icap.customers import Customers, customers
from whosaw.edge.icap.requests import CLEAN, OddError, Outcome, Rules
from whosaw.edge.icap.server import REFUSED, UNCHANGED, Look, Verdict
from whosaw.edge.record import Decision, Recorder, under
from whosaw.identifiers import Pseudonymiser

if TYPE_CHECKING:
    from whosaw.edge.policy import Policy
    from whosaw.identifiers import Profile

COUNTED = ("stopped", "refused", "told", "foreign", "unseen", "anonymous")


class Ready(NamedTuple):
    """A policy, ready for requests: its rules at a moment, when they change next, and the customers."""

    policy: Policy
    rules: Rules
    due: datetime | None
    customers: Customers | None
    pages: tuple[pages.Rule, ...]


def ready(policy: Policy, moment: datetime, profile: Profile | None = None) -> Ready:
    """Return a policy ready for requests; it takes its time. Raises `ConfigError` or `InputError` if it cannot be."""
    return Ready(policy, Rules(policy, moment), policy.changes(moment), customers(policy), pages.rules(policy, profile))


@dataclass
class Edge:
    """The service: `request`, `response` and `page` as the server asks them."""

    ready: Ready
    recorder: Recorder
    key: Pseudonymiser
    now: Callable[[], datetime]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))

    def __post_init__(self) -> None:
        self.tag = ""
        self.take(self.ready)
        self._pseudonym = lru_cache(maxsize=65_536)(partial(under, self.key))

    def take(self, ready: Ready) -> None:
        """Go by a policy from now on. Its hash is the tag of all answers: proxies forget what they know of another one."""
        self.ready, self.tag = ready, ready.policy.hash

    @property
    def policy(self) -> Policy:
        """The policy that counts."""
        return self.ready.policy

    def renewed(self) -> Ready:
        """Return the same policy with the agreements that are in force now."""
        policy, moment = self.policy, self.now()
        return self.ready._replace(rules=Rules(policy, moment), due=policy.changes(moment))

    def request(self, head: bytes, client: str) -> Verdict:
        """Judge a request's head."""
        number = self._number(client)
        try:
            outcome = self.ready.rules.judge(head, number)
        except OddError:
            self.counts["refused"] += 1
            return Verdict(REFUSED, refused=True)
        if outcome is CLEAN:
            return UNCHANGED
        if outcome.stopped or outcome.told:
            self._record(outcome, number, client)
        if outcome.refused:
            self.counts["refused"] += 1
            return Verdict(REFUSED, refused=True)
        return UNCHANGED if outcome.head is None else Verdict(outcome.head)

    def response(self, asked: bytes, head: bytes, client: str) -> Verdict | Look:
        """Judge a response by its head, or ask to see the page."""
        rule = pages.rule_for(self.ready.pages, asked, head)
        where = rule.looks(head) if rule else "still"
        if where == "page":
            return Look(pages.MOST)
        return UNCHANGED if where == "still" else self.page(asked, head, client, b"", whole=where == "head")

    def page(self, asked: bytes, head: bytes, client: str, body: bytes, *, whole: bool) -> Verdict:
        """Judge a page, or its beginning, by whose data it shows. That it was not looked at, or not all of it, is recorded as such."""
        rule = pages.rule_for(self.ready.pages, asked, head)
        if rule is None:
            return UNCHANGED
        seen = rule.judge(asked, head, body, whole=whole)
        if seen.outcome in self.counts:
            self.counts[seen.outcome] += 1
        for shown in seen.shown or ("",) * (seen.outcome == "unseen"):
            self.recorder.write(
                Decision(
                    seen_at=self.now(), service="icap", outcome="stopped" if seen.block else "shown", route=rule.route,
                    recipient=self._pseudonym("recipient", seen.own), client=self._pseudonym("client", client), status=200, place="page",
                    why=seen.outcome, policy=self.policy.hash, customer="" if seen.numbers else self._pseudonym("customer", shown),
                    object=self._object(shown) if seen.numbers else "",
                )
            )  # fmt: skip
        return Verdict(REFUSED, refused=True) if seen.block else UNCHANGED

    def _number(self, client: str) -> str:
        """Return the number of the customer who asks. Without an address nobody's is looked for: that is counted."""
        known = self.ready.customers
        if known is None:
            return ""
        if not client:
            self.counts["anonymous"] += 1
            return ""
        return known.number(client)

    def _object(self, number: str) -> str:
        return self._pseudonym("object", f"number:{number}") if number else ""

    def _record(self, outcome: Outcome, number: str, client: str) -> None:
        """Write a line for each thing that was stopped, and one for a number that a partner was told."""
        shared = {
            "seen_at": self.now(), "service": "icap", "site": outcome.site, "client": self._pseudonym("client", client), "policy": self.policy.hash,
            "object": self._object(number),
        }  # fmt: skip
        for one in outcome.stopped:
            self.counts["stopped"] += 1
            self.recorder.write(Decision(**shared, outcome="stopped", place=one.place, wrapping=one.wrapping))  # type: ignore[arg-type]
        if outcome.told:
            self.counts["told"] += 1
            self.recorder.write(Decision(**shared, outcome="shown", why="partner"))  # type: ignore[arg-type]
