"""Is a disclosure entitled? The judge's own answer (`judge/verdict.py`) for one question, from sorted arrays instead of a query.

A million entitlements take 48 MB here. Pairs are found by the xor of their two pseudonyms, which are as good as random: nothing else
is compared until the few rows of one pair are looked at.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from whosaw.entitlements import ALL_DATA
from whosaw.judge.verdict import BLIND, NO_CUSTOMER, NO_RECIPIENT, NO_RULES, TWO_OWNERS, UNKNOWN_DATA
from whosaw.model import Basis, RecipientKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from whosaw.engine.duckdb import Engine

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_STAFF_ONLY = frozenset({Basis.CONTACT.value, Basis.TICKET.value, Basis.DUTY.value})
"""Bases whose missing records excuse nobody but employees."""

_GRANTS = """
select pair, customer, epoch_us(since) as since, epoch_us("until") as "until", data, rule, coalesce(line, 0) as line
from (select *, xor(recipient, customer) as pair from grants) where pair between {first} and {last}
order by pair, customer, since, "until", rule, line
"""
_HELD = """
select object, coalesce(customer, 0) as customer, epoch_us(since) as since, epoch_us("until") as "until", contested
from held where object between {first} and {last} order by object, since
"""
_SITES = 'select site, rule, epoch_us(since), epoch_us("until"), data, coalesce(line, 0) from site_rules order by all'
_CUSTOMERS = """
select customer, rule, epoch_us(since), epoch_us("until"), data, coalesce(line, 0) from customer_grants where customer is not null order by all
"""


class Question(NamedTuple):
    """One disclosure that has not happened yet. `customer` counts before `object`, which is resolved; `moment` is in microseconds."""

    kind: RecipientKind
    recipient: int | None
    moment: int
    data: int
    customer: int | None = None
    object: int | None = None
    site: str = ""


class Reason(NamedTuple):
    """A row of a registry that speaks about the pair. `lacks` is what it does not cover; nothing if it is why the answer is yes."""

    basis: str
    grade: str
    source: str
    line: int
    lacks: str = ""


class Judged(NamedTuple):
    """The verdict; why, where there is none or no reason; the customer it is about, if known; and the rows that speak about them."""

    verdict: Verdict
    why: str
    customer: int | None
    reasons: tuple[Reason, ...]


AT_ONCE = 50_000
"""Rows that are taken over at once: meanwhile nothing can be answered, so that more would make answers late."""

NO_REASON = "no entitlement covers it at that time"


class _Rule(NamedTuple):
    basis: str
    grade: str
    source: str
    entitles: bool


class _Grant(NamedTuple):
    rule: int
    since: int
    until: int
    data: int
    line: int


class Index:
    """What the engine's relations say at this moment, frozen."""

    def __init__(self, engine: Engine) -> None:
        """Take it over from the relations that `entitlements.load` fills."""
        rows = engine.rows("select rule, basis, grade, source, entitles from rules")
        self._rules = {rule: _Rule(*rest) for rule, *rest in rows}
        self._pairs = _columns(engine, "grants", _GRANTS)
        self._held = _columns(engine, "held", _HELD)
        self._sites = _grouped(engine, _SITES)
        self._customers = _grouped(engine, _CUSTOMERS)
        blind = engine.rows('select basis, epoch_us(since), epoch_us("until") from blind order by all')
        self._blind = [(basis, since, until) for basis, since, until in blind]

    @property
    def size(self) -> int:
        """Entitlements of recipients to customers."""
        return len(self._pairs["pair"])

    def judge(self, asked: Question) -> Judged:
        """Return the verdict that the ledger's judge gives for the same disclosure."""
        customer, why = self._whose(asked)
        if customer is None or why:
            return Judged(Verdict.CANNOT_JUDGE, why, customer, ())
        reasons = tuple(self._reason(grant, asked) for grant in self._grants(asked, customer))
        good = tuple(reason for reason in reasons if not reason.lacks)
        if good:
            return Judged(Verdict.ENTITLED, "", customer, good)
        why = self._open(asked, reasons)
        return Judged(Verdict.CANNOT_JUDGE if why else Verdict.UNENTITLED, why or NO_REASON, customer, reasons)

    def _whose(self, asked: Question) -> tuple[int | None, str]:
        """Return the customer that is asked about, and why nothing can be judged of it, in the judge's order."""
        if not self._rules:
            return asked.customer, NO_RULES
        customer, contested = (asked.customer, False) if asked.customer is not None else self.owner(asked.object, asked.moment)
        if contested:
            return None, TWO_OWNERS
        if customer is None:
            return None, NO_CUSTOMER
        return customer, NO_RECIPIENT if asked.kind is RecipientKind.UNKNOWN else ""

    def _open(self, asked: Question, reasons: Sequence[Reason]) -> str:
        """Return why what no row covers cannot be judged either."""
        if not asked.data and any(reason.lacks == DATA_UNKNOWN for reason in reasons):
            return UNKNOWN_DATA
        is_blind = any(
            since <= asked.moment < until and (basis not in _STAFF_ONLY or asked.kind is RecipientKind.EMPLOYEE)
            for basis, since, until in self._blind
        )
        return BLIND if is_blind else ""

    def owner(self, thing: int | None, moment: int) -> tuple[int | None, bool]:
        """Return the customer an object belongs to at a moment, and whether several claim it."""
        if thing is None:
            return None, False
        held = self._held
        objects, until = held["object"], held["until"]
        at = bisect_left(objects, thing)
        while at < len(objects) and objects[at] == thing:
            if held["since"][at] <= moment < until[at]:
                return (None, True) if held["contested"][at] else (held["customer"][at], False)
            at += 1
        return None, False

    def is_test_account(self, customer: int) -> bool:
        """Whether some row lets anybody be shown this customer."""
        return customer in self._customers

    def _grants(self, asked: Question, customer: int) -> Iterator[_Grant]:
        """Yield all that speaks about a recipient and a customer: of the pair, of the customer to anybody, of anybody to the site."""
        if asked.recipient is not None:
            pairs = self._pairs
            pair, customers = pairs["pair"], pairs["customer"]
            wanted = asked.recipient ^ customer
            at = bisect_left(pair, wanted)
            while at < len(pair) and pair[at] == wanted:
                if customers[at] == customer:
                    yield _Grant(pairs["rule"][at], pairs["since"][at], pairs["until"][at], pairs["data"][at], pairs["line"][at])
                at += 1
            if asked.site:
                for name in site_names(asked.site):
                    yield from self._sites.get(name, ())
        yield from self._customers.get(customer, ())

    def _reason(self, grant: _Grant, asked: Question) -> Reason:
        rule = self._rules[grant.rule]
        return Reason(rule.basis, rule.grade, rule.source, grant.line, _lacks(grant, asked) if rule.entitles else GRADE)


NOT_YET, ENDED, OTHER_DATA, DATA_UNKNOWN, GRADE = "not yet", "ended", "other data", "data not known", "grade"
"""What a row may lack."""


def _lacks(grant: _Grant, asked: Question) -> str:
    """Return what a grant lacks to cover a question, in time first; nothing if it covers it."""
    if asked.moment < grant.since:
        return NOT_YET
    if asked.moment >= grant.until:
        return ENDED
    if grant.data == ALL_DATA:
        return ""
    if not asked.data:
        return DATA_UNKNOWN
    return OTHER_DATA if asked.data & ~grant.data else ""


def site_names(site: str) -> Iterator[str]:
    """Yield the names of rules that a site falls under: its own, with a dot its own and those above, with an asterisk those above."""
    rest = "." + site
    yield from (site, "*" + site, rest)
    while (place := rest.find(".", 1)) > 0:
        rest = rest[place:]
        yield from (rest, "*" + rest)


def micros(moment: datetime) -> int:
    """Return a moment as the index counts time."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _columns(engine: Engine, relation: str, query: str) -> dict[str, Sequence[Any]]:
    """Return the columns of a relation, sorted, so that a value is read as fast as from a list and takes as little room as in an array.

    They are taken over part by part, cut where their first key is: pseudonyms are spread evenly.
    """
    parts = 1 + int(engine.one(f"select count(*) from {relation}")[0]) // AT_ONCE
    borders = [-(1 << 63) + (i << 64) // parts for i in range(parts + 1)]
    taken = [engine.arrays(query.format(first=first, last=last - 1)) for first, last in pairwise(borders)]
    return {name: np.concatenate([part[name] for part in taken]).data for name in taken[0]}


def _grouped(engine: Engine, query: str) -> dict[Any, list[_Grant]]:
    found: dict[Any, list[_Grant]] = {}
    for key, *rest in engine.rows(query):
        found.setdefault(key, []).append(_Grant(*rest))
    return found
