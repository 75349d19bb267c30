"""How do the probes ask? One run: its sessions, its positive controls, what each pair of accounts may still ask, and what was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from whosaw.config.probing import Declared, Target
from whosaw.probes.asking import session as sessions
from whosaw.probes.asking.cause import cause
from whosaw.probes.asking.extract import cookies, taken
from whosaw.probes.asking.gate import Gate
from whosaw.probes.asking.journal import Journal
from whosaw.probes.asking.marks import Sighting, alike, self_pattern, shows, sightings
from whosaw.probes.asking.operations import Operation, asked, declared, matches, values_for
from whosaw.probes.asking.proofs import Proofs, Seen
from whosaw.probes.asking.session import Jar, NotIn, Session
from whosaw.probes.asking.wire import busted, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from whosaw.config.probing import Identity
    from whosaw.probes.asking.findings import Kind, Relation
    from whosaw.probes.asking.wire import Answer, Request

PAIR_LIMIT = 5
"""Requests per operation and pair of accounts, beside the owner's own first one."""
BATCH = 10
_LOGINS = 3
_REFUSALS = {0, 302, 303, 307, 401, 403}


class Probe(NamedTuple):
    """One check: its name, what it would find, and what it does with a run."""

    name: str
    claim: str
    kinds: tuple[Kind, ...]
    ask: Callable[[Run], None]


@dataclass
class Run:
    """The state of a run. Probes ask through it and hand in what they saw; it decides nothing about what to ask."""

    target: Target
    gate: Gate
    folder: Path
    environ: Mapping[str, str]
    journal: Journal
    writes: bool = True
    operations: list[Operation] = field(default_factory=list)
    checks: int = 0
    sessions: dict[str, Session] = field(default_factory=dict)
    out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    voided: bool = False
    unsettled: bool = False
    cut: int = 0

    def __post_init__(self) -> None:
        """Make the empty memories."""
        self.proofs = Proofs(self.target)
        self.self_page = declared(Declared(path=self.target.self))
        self._who = self.target.who
        self._sure: dict[str, int] = {}
        self._spent: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[tuple[str, str, str], Seen] = {}
        self._proving: set[tuple[str, str]] = set()
        self._pages: dict[str, tuple[str, str]] = {}
        self._why: dict[str, str] = {}

    def begin(self, probe: str) -> None:
        """Begin another probe: its counts and notes are its own."""
        self.proofs.stage = probe
        self.checks, self.notes, self.voided = 0, [], False

    # --- identities ----------------------------------------------------------------------------------------------------

    @property
    def identities(self) -> list[Identity]:
        """The identities that take part."""
        return [identity for identity in self.target.identity if identity.name not in self.out]

    def enter(self, identity: Identity, *, jar: Jar | None = None) -> Session:
        """Return a fresh session. Raises `NotIn`."""
        return sessions.enter(self.gate, self.target, identity, self.folder, self.environ, jar=jar)

    def anonymous(self) -> Session:
        """Return a visitor with nothing."""
        return Session(self.target.url)

    def others(self, owner: Identity) -> list[Identity]:
        """Return the identities that may not see the owner's data, those of other tenants first."""
        others = [other for other in self.identities if other is not owner and owner.name not in other.sees]
        return sorted(others, key=lambda other: bool(other.tenant) and other.tenant == owner.tenant)

    # --- asking --------------------------------------------------------------------------------------------------------

    def self_request(self, *, fresh: bool = False) -> Request:
        """Return the request of the self page, past shared caches if it is to be fresh."""
        request = asked(self.self_page, self.target.url, {})
        return busted(request) if fresh else request

    def ask(self, session: Session, request: Request, *, owners: Iterable[Identity] | None = None, patient: bool = True) -> Seen:
        """Send a request and hold the answer against the marks of everybody whose data the asker may not see."""
        sent = session.dressed(request)
        return self.judged(session, sent, self.gate.send(sent, patient=patient), owners=owners)

    def judged(self, session: Session, sent: Request, answer: Answer, *, owners: Iterable[Identity] | None = None) -> Seen:
        """Hold an answer against the marks. Sessions that were handed to the wrong one are named and not taken."""
        self.checks += 1
        self.cut += answer.cut
        foreign = {value: name for name, other in self.sessions.items() if name != session.name for value in other.jar.values()}
        handed = [foreign[value] for _, value in cookies(answer) if value in foreign]
        session.jar.absorb(sent.url, answer, foreign=foreign)
        seen_by = session.identity
        hidden = owners or [o for o in self.target.identity if o is not seen_by and (seen_by is None or o.name not in seen_by.sees)]
        return Seen(session, sent, answer, sightings(answer, sent, hidden), handed)

    def spend(self, op: Operation, owner: str, other: str, requests: int = 1) -> bool:
        """Whether so many more requests may be made for an operation and a pair; if so they are counted."""
        key = (op.name, owner, other)
        if self._spent[key] + requests > PAIR_LIMIT:
            return False
        self._spent[key] += requests
        return True

    def baseline(self, op: Operation, owner: Identity) -> Seen | None:
        """Return the owner's own request with its own ids, asked once in a run; nothing if it has no ids for it.

        Where the owner is not let in, its session is looked after first: it may have ended meanwhile.
        """
        values = values_for(op, owner, self.target)
        if values is None:
            return None
        key = (op.name, owner.name, owner.name)
        if key not in self._first:
            request = asked(op, self.target.url, values)
            seen = self.ask(self.sessions[owner.name], request)
            if seen.answer.status in _REFUSALS and self.control(owner):
                seen = self.ask(self.sessions[owner.name], request)
            self._first[key] = seen._replace(answer=seen.answer.brief())
            if shows(seen.answer, seen.request, owner):
                self._proving.add((op.name, owner.name))
            self.sighted(seen, "foreign-record", op, how="the owner's own request")
        return self._first[key]

    def first(self, op: Operation, owner: Identity, session: Session) -> Seen | None:
        """Return what another got for the owner's very request, asked once in a run."""
        key = (op.name, owner.name, session.name)
        if key not in self._first:
            values = values_for(op, owner, self.target)
            if values is None or not self.spend(op, owner.name, session.name):
                return None
            seen = self.ask(session, asked(op, self.target.url, values))
            self._first[key] = seen._replace(answer=seen.answer.brief())
        return self._first[key]

    def proves(self, op: Operation, owner: Identity) -> bool:
        """Whether the owner's own answer shows a mark of the owner, so that another's answer could prove something."""
        return self.baseline(op, owner) is not None and (op.name, owner.name) in self._proving

    def unprovable(self) -> bool:
        """Whether operations were replayed, and none of them showed an owner's mark."""
        return bool(self._first) and not self._proving

    def provable(self) -> int:
        """Return on how many operations an owner's own mark was seen."""
        return len({name for name, _ in self._proving})

    def owner(self, op: Operation) -> Identity | None:
        """Return the first identity whose own mark the operation shows to it."""
        return next((identity for identity in self.identities if self.proves(op, identity)), None)

    def is_declared(self, op: Operation, session: Session) -> bool:
        """Whether the operator has declared that the asker may be shown whatever stands on the page."""
        return matches(op, self.target.public) or (session.identity is not None and matches(op, self.target.shared))

    def askable(self, *, shared: bool = True) -> list[Operation]:
        """Return the operations to replay: not those declared public, and those declared shared only if wanted."""
        kept = [op for op in self.operations if not matches(op, self.target.public)]
        return kept if shared else [op for op in kept if not matches(op, self.target.shared)]

    # --- were we really logged in? --------------------------------------------------------------------------------------

    def control(self, identity: Identity) -> bool:
        """Whether the identity's session opens its own page now; a session that ended is renewed, at most a few times."""
        if self._sure.get(identity.name) == self.gate.sent:
            return True
        for attempt in range(_LOGINS):
            try:
                if self._is_itself(identity):
                    self._sure[identity.name] = self.gate.sent
                    return True
                self._renew(identity, attempt)
            except NotIn as problem:
                self.out.setdefault(identity.name, str(problem))
                return False
        if self._is_itself(identity):
            return True
        self.out.setdefault(
            identity.name, f"`{identity.name}` logs in, but its own marker is not on the self page ({self._why[identity.name]})"
        )
        return False

    def _is_itself(self, identity: Identity) -> bool:
        session = self.sessions.get(identity.name)
        if session is None:
            return False
        for fresh in (False, True):
            seen = self.ask(session, self.self_request(fresh=fresh))
            if shows(seen.answer, seen.request, identity):
                self._learn(identity, seen.answer)
                return True
            self.stranger(seen, identity, "the self page after a login" if fresh else "the self page")
            self._why[identity.name] = _described(seen.answer)
        return False

    def _renew(self, identity: Identity, attempt: int) -> None:
        session = self.sessions.get(identity.name)
        if session is not None and attempt == 0:
            try:
                if sessions.refresh(self.gate, session):
                    return
            except NotIn:
                pass
        self.sessions[identity.name] = self.enter(identity)

    def _learn(self, identity: Identity, answer: Answer) -> None:
        """Learn from the self pages of two identities where a self page says whose it is."""
        if not self.target.who and identity.name not in self._pages:
            self._pages[identity.name] = (answer.text, identity.marker)
            pattern = self_pattern(list(self._pages.values()))
            self._who = f"regex:{pattern}" if pattern else ""

    def stranger(self, seen: Seen, identity: Identity, how: str) -> bool:
        """Hand in a self page that is not the identity's own: it has another's mark, or names somebody where its own marker should stand."""
        if seen.sightings:
            self.sighted(seen, "account-mixup", self.self_page, how=how)
            return True
        named = taken(seen.answer, self._who) if self._who and seen.answer.status == 200 else ""
        if not named or identity.marker in named:
            return False
        if not self.target.who and not alike(named, (other.marker for other in self.target.identity)):
            return False
        self.proofs.unknown_owner(seen, self.self_page, named, how=how, seen_at=self.gate.now())
        return True

    def trial(self, identities: Sequence[Identity], work: Callable[[], None]) -> bool:
        """Do some work between two positive controls; if the second fails it is done once more, and then it is void."""
        for _ in range(2):
            if not self._all_in(identities):
                break
            checks, first = self.checks, dict(self._first)
            work()
            if self._all_in(identities):
                return True
            self.checks, self._first = checks, first
        self.voided = True
        self.notes += [self.out.get(i.name, f"`{i.name}` did not stay logged in") for i in identities if not self.control(i)]
        return False

    def batches(self, operations: Sequence[Operation], work: Callable[[Operation], None]) -> None:
        """Do some work on operations, a few at a time between positive controls of every identity."""
        for start in range(0, len(operations), BATCH):
            few = operations[start : start + BATCH]
            self.trial(self.identities, partial(_each, work, few))

    def _all_in(self, identities: Sequence[Identity]) -> bool:
        return all(self.control(identity) for identity in identities)

    # --- handing in ----------------------------------------------------------------------------------------------------

    def sighted(self, seen: Seen, kind: Kind, op: Operation, *, how: str, relation: Relation | None = None) -> None:
        """Hand in every owner whose mark was seen, after finding out what let it through: the system, a cache, or a mix-up."""
        if kind != "shared-session" and self.is_declared(op, seen.session):
            return
        for sighting in seen.sightings:
            true_kind = cause(self, seen, sighting, kind, op)
            base = self._first.get((op.name, sighting.owner.name, sighting.owner.name))
            self.proofs.add(true_kind, op, seen, sighting, how=how, relation=relation, base=base, seen_at=self.gate.now())

    def changed(self, op: Operation, seen: Seen, owner: Identity, *, how: str) -> None:
        """Hand in that the owner's record was changed by somebody else."""
        self.proofs.add("foreign-write", op, seen, Sighting(owner, "", "read-back"), how=how, seen_at=self.gate.now())


def _described(answer: Answer) -> str:
    """Return what came instead of a page, without anything that may be an identifier."""
    if answer.trouble:
        return answer.trouble
    host = origin(answer.header("location"))[1]
    kind = answer.header("content-type").partition(";")[0] or "no content type"
    return f"status {answer.status}, {kind}" + (f", leads to the host `{host}`" if host else "")


def _each(work: Callable[[Operation], None], operations: Sequence[Operation]) -> None:
    for op in operations:
        work(op)
