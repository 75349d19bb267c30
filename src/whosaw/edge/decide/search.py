"""Who may be shown this customer, whom may this recipient be shown, and what may they do? The same verdict, asked the other way round.

The engine names candidates by the rows that speak about them; each is judged as if it was asked for, so that a result that is asked for
afterwards is allowed. Results are clear names: a search is answered only where it is switched on, and every one is recorded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from whosaw.edge.decide import wire
from whosaw.edge.decide.index import Index, Question, micros
from whosaw.edge.decide.meaning import moment_of, outer
from whosaw.edge.record import Decision, keyed
from whosaw.engine.door import quoted
from whosaw.errors import LedgerError
from whosaw.model import RecipientKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.config.deciding import AskedCustomer, AskedRecipient
    from whosaw.edge.decide.answer import Decider

OFF = wire.Problem(404, "searches are not switched on: set search = true in [decide]")
FOREIGN = wire.Problem(400, "page.token does not belong to this question")

CHUNK = 1000
"""Candidates that are fetched at a time."""

_NAMED = "select key, min(name) as name from names where kind = {kind} and key in ({keys}) group by key"
_EVERY = "select key, min(name) as name from names where kind = {kind} group by key"

_SITES = "select pseudonym('r', site) as key, site as name from site_rules where site not like '.%' and site not like '*%' group by all"

_CUSTOMERS = "select customer from grants where recipient = {recipient} union select customer from customer_grants"
_OBJECTS = "select object from held where customer in ({customers}) and epoch_us(since) <= {moment} and {moment} < epoch_us(until)"
_RECIPIENTS = "select recipient from grants where customer = {customer}"


class _Place(NamedTuple):
    """How far a search has come: which of the configured types with that name, and after which name."""

    entry: int = 0
    after: str | None = None


class _Token(msgspec.Struct, array_like=True):
    question: str
    entry: int
    after: str | None


class _Hit(NamedTuple):
    place: _Place
    found: wire.Found


class Searcher:
    """Answers searches from what stands now."""

    def __init__(self, decider: Decider, *, page: int, is_on: bool) -> None:
        """Answer at most `page` results at a time, and nothing at all unless searches are switched on."""
        self._decider, self._most, self.is_on = decider, page, is_on

    def search(self, open_part: str, body: bytes) -> wire.Results | wire.Problem:
        """Return what fits into the open part of a question: `recipient`, `customer` or `action`."""
        sent = wire.read(body, wire.Search) if self.is_on else OFF
        if isinstance(sent, wire.Problem):
            return sent
        ask = wire.complete(sent, open_part=open_part)
        if isinstance(ask, wire.Problem):
            return ask
        if sent.page.limit is not None and sent.page.limit < 0:
            return wire.Problem(400, "page.limit is negative")
        mark = hashlib.sha256(msgspec.json.encode([open_part, ask], order="sorted")).hexdigest()[:16]
        place = self._place(sent.page.token, mark)
        if place is None:
            return FOREIGN
        limit = self._most if sent.page.limit is None else min(sent.page.limit, self._most)
        results = self._results(open_part, ask, place, limit, mark)
        self._record(open_part, ask, len(results.results))
        return results

    def _results(self, open_part: str, ask: wire.Ask, place: _Place, limit: int, mark: str) -> wire.Results:
        """Return one page; whether there is a next one is known by looking for one more result."""
        hits = self._hits(open_part, ask, place)
        page, more = list[_Hit](), False
        for hit in hits:
            if len(page) == limit:
                more = True
                break
            page.append(hit)
        at = page[-1].place if page else place
        return wire.Results([hit.found for hit in page], wire.NextPage(self._token(at, mark) if more else "", len(page)))

    def _hits(self, open_part: str, ask: wire.Ask, place: _Place) -> Iterator[_Hit]:
        moment, index = moment_of(ask.context, self._decider.now()), self._decider.standing.index
        if moment is None:
            return
        if open_part == "action":
            yield from self._actions(ask, index, place)
            return
        data = self._decider.meaning.data(ask)
        if data is None:
            return
        if open_part == "customer":
            question = self._decider.meaning.recipient(ask.recipient, moment, data)
            yield from self._customers(ask, question, index, place)
        else:
            thing = self._decider.meaning.thing(ask.customer)
            if thing is not None:
                yield from self._recipients(ask, Question(RecipientKind.UNKNOWN, None, moment, data, *thing), index, place)

    def _actions(self, ask: wire.Ask, index: Index, place: _Place) -> Iterator[_Hit]:
        names = list(dict.fromkeys(rule.name for rule in self._decider.meaning.actions))
        for i, name in enumerate(names[place.entry :], place.entry + 1):
            question = self._decider.meaning.question(ask._replace(action=wire.Action(name, {})), self._decider.now())
            if isinstance(question, Question) and index.judge(question).verdict is Verdict.ENTITLED:
                yield _Hit(_Place(i), wire.Found(name=name))

    def _customers(self, ask: wire.Ask, question: Question, index: Index, place: _Place) -> Iterator[_Hit]:
        customers = _CUSTOMERS.format(recipient=question.recipient if question.recipient is not None else "null")
        if question.site:
            customers = "select key from names where kind = 'customer'"
        objects = _OBJECTS.format(customers=customers, moment=question.moment)
        for i, entry in enumerate(self._decider.meaning.customers):
            if entry.type != ask.customer.type or i < place.entry:
                continue
            named = _NAMED.format(
                kind=quoted(f"object:{entry.object}" if entry.object else "customer"), keys=objects if entry.object else customers
            )
            for key, name in self._after(named, place.after if i == place.entry else None):
                found = outer(entry.name, name)
                asked = question._replace(object=key) if entry.object else question._replace(customer=key)
                if found and index.judge(asked).verdict is Verdict.ENTITLED and self._means(entry, found, asked):
                    yield _Hit(_Place(i, name), wire.Found(type=entry.type, id=found))

    def _means(self, entry: AskedCustomer, found: str, asked: Question) -> bool:
        """Whether the identifier leads back to what was found: types that share a name may have their own order."""
        thing = self._decider.meaning.thing(wire.Party(entry.type, found, {}))
        return thing is not None and (thing.customer, thing.object) == (asked.customer, asked.object)

    def _recipients(self, ask: wire.Ask, question: Question, index: Index, place: _Place) -> Iterator[_Hit]:
        customer = question.customer if question.customer is not None else index.owner(question.object, question.moment)[0]
        if customer is None:
            return
        for i, entry in enumerate(self._decider.meaning.recipients):
            if entry.type != ask.recipient.type or i < place.entry:
                continue
            for _, name in self._after(self._candidates(entry, customer, index), place.after if i == place.entry else None):
                found = outer(entry.name, name)
                asked = self._decider.meaning.recipient(wire.Party(entry.type, found or "", {}), question.moment, question.data)
                asked = asked._replace(customer=question.customer, object=question.object)
                if found and index.judge(asked).verdict is Verdict.ENTITLED:
                    yield _Hit(_Place(i, name), wire.Found(type=entry.type, id=found))

    def _candidates(self, entry: AskedRecipient, customer: int, index: Index) -> str:
        """Return the query for the recipients some row speaks of: sites have rules of their own, and a test account is shown to anybody."""
        if entry.kind is RecipientKind.SITE:
            return _SITES
        if index.is_test_account(customer):
            return _EVERY.format(kind="'recipient'")
        return _NAMED.format(kind="'recipient'", keys=_RECIPIENTS.format(customer=customer))

    def _after(self, named: str, after: str | None) -> Iterator[tuple[int, str]]:
        """Yield keys and names in the order of the names, after one of them."""
        standing = self._decider.standing
        while True:
            where = "" if after is None else "where name > ?"
            values = [] if after is None else [after]
            with standing.lock:
                rows = standing.engine.rows(f"select key, name from ({named}) {where} order by name, key limit {CHUNK}", values)
            yield from rows
            if len(rows) < CHUNK:
                return
            after = rows[-1][1]

    # --- where a page ended -------------------------------------------------------------------------------------------

    def _token(self, place: _Place, mark: str) -> str:
        """Return where a page ended, sealed: it holds a name."""
        said = msgspec.json.encode(_Token(mark, place.entry, place.after)).decode()
        return base64.urlsafe_b64encode(self._decider.standing.vault.seal(said)).decode()

    def _place(self, token: str, mark: str) -> _Place | None:
        if not token:
            return _Place()
        try:
            said = self._decider.standing.vault.open(base64.urlsafe_b64decode(token.encode()))
            found = msgspec.json.decode(said, type=_Token)
        except (LedgerError, msgspec.DecodeError, binascii.Error, ValueError):
            return None
        return _Place(found.entry, found.after) if found.question == mark else None

    def _record(self, open_part: str, ask: wire.Ask, count: int) -> None:
        """Record that somebody searched, for whom or for what, and how many were named. Nobody was shown a customer's data."""
        meaning, moment = self._decider.meaning, micros(self._decider.now())
        recipient = None if open_part == "recipient" else meaning.recipient(ask.recipient, moment, 0).recipient
        self._decider.recorder.write(
            Decision(
                seen_at=self._decider.now(),
                service="decide",
                outcome="stopped",
                recipient="" if recipient is None else keyed("r", recipient),
                route=wire.SEARCHES[open_part],
                why=f"a search that named {count}",
            )
        )
