"""What does the policy say of this request, of this page? The decision, and the line that records it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from whosaw.edge import subscribers
from whosaw.edge.icap import pages
from whosaw.edge.icap.requests import CLEAN, OddError, Outcome, Rules
from whosaw.edge.icap.server import UNCHANGED, Look, Verdict
from whosaw.edge.lookup import Kept
from whosaw.edge.lookup import read as read_subscribers
from whosaw.edge.policy import Policy
from whosaw.edge.record import Decision, Recorder, keyed
from whosaw.identifiers import DOMAINS, Pseudonymiser

REFUSED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
    b"X-Whosaw: refused\r\nConnection: close\r\n\r\n"
)

Numbers = dict[str, dict[str, str]]


@dataclass
class Edge:
    """The service: `request`, `response` and `page` as the server asks them."""

    policy: Policy
    rules: Rules
    known: Kept[Numbers] | None
    recorder: Recorder
    key: Pseudonymiser
    now: Callable[[], datetime]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("stopped", "refused", "told", "foreign", "unseen"), 0))

    def __post_init__(self) -> None:
        self.due = self.policy.changes(self.now())
        self._pseudonym = lru_cache(maxsize=65_536)(lambda domain, value: keyed(DOMAINS[domain], self.key.key(domain, value)))

    def take(self, policy: Policy) -> None:
        """Go by another policy from now on. What cannot be read leaves the one that counts."""
        rules, known = Rules(policy, self.now()), numbers(policy)
        self.policy, self.rules, self.known = policy, rules, known
        self.due = policy.changes(self.now())

    def renew(self) -> None:
        """Look again at which agreements are in force."""
        self.rules, self.due = Rules(self.policy, self.now()), self.policy.changes(self.now())

    def tag(self) -> str:
        """Return the hash of the policy: proxies forget what they know of another one."""
        return self.policy.hash

    def request(self, head: bytes, client: str) -> Verdict:
        """Judge a request's head."""
        number = self._number(client)
        try:
            outcome = self.rules.judge(head, number)
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
        page = pages.rule_for(self.policy.pages, asked, head)
        if page is None:
            return UNCHANGED
        return Look(pages.MOST) if pages.wants_body(page, head) else self.page(asked, head, client, b"")

    def page(self, asked: bytes, head: bytes, client: str, body: bytes | None) -> Verdict:
        """Judge a page by whose data it shows."""
        page = pages.rule_for(self.policy.pages, asked, head)
        if page is None:
            return UNCHANGED
        seen = pages.judge(page, asked, head, body)
        if seen.outcome in {"foreign", "unseen"}:
            self.counts[seen.outcome] += 1
        for customer in seen.shown:
            self.recorder.write(
                Decision(
                    seen_at=self.now(), service="icap", outcome="stopped" if seen.block else "shown", route=page.route,
                    recipient=self._pseudonym("recipient", seen.own) if seen.own else "", customer=self._pseudonym("customer", customer),
                    client=self._client(client), status=200, place="page", why=seen.outcome, policy=self.policy.hash,
                )
            )  # fmt: skip
        return Verdict(REFUSED, refused=True) if seen.block else UNCHANGED

    def _number(self, client: str) -> str:
        if self.known is None or not client:
            return ""
        values = self.known.current().get(client)
        return values.get("msisdn", "") if values else ""

    def _client(self, client: str) -> str:
        return self._pseudonym("client", client) if client else ""

    def _record(self, outcome: Outcome, number: str, client: str) -> None:
        """Write a line for each thing that was stopped, and one for a number that a partner was told."""
        shared = {
            "seen_at": self.now(), "service": "icap", "site": outcome.site, "client": self._client(client), "policy": self.policy.hash,
            "object": self._pseudonym("object", f"number:{number}") if number else "",
        }  # fmt: skip
        for one in outcome.stopped:
            self.counts["stopped"] += 1
            self.recorder.write(Decision(**shared, outcome="stopped", place=one.place, wrapping=one.wrapping))  # type: ignore[arg-type]
        if outcome.told:
            self.counts["told"] += 1
            self.recorder.write(Decision(**shared, outcome="shown", why="partner"))  # type: ignore[arg-type]


def numbers(policy: Policy) -> Kept[Numbers] | None:
    """Return who has which address, read again when the file changes; nothing if the policy names no file."""
    if not policy.subscribers.file:
        return None
    subscribers.read(policy)  # what is wrong with it is said now, in words
    return Kept(str(subscribers.file_of(policy)), lambda path: read_subscribers(path, ["msisdn"])[0])
