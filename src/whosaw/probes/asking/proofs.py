"""What was proved? Every finding with its evidence, and the same as disclosures for the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from whosaw.model import RecipientKind
from whosaw.probes.asking.evidence import Veil, whose, worn
from whosaw.probes.asking.findings import Evidence, Finding, Kind, Relation, Weakness

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whosaw.config.probing import Identity, Target
    from whosaw.probes.asking.marks import Sighting
    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.session import Session
    from whosaw.probes.asking.wire import Answer, Request

ANY_PAGE = "any page"
UNKNOWN = "a customer unknown to us"


class Seen(NamedTuple):
    """One answer: whose marks stood in it that should not, and whose session it handed out."""

    session: Session
    request: Request
    answer: Answer
    sightings: list[Sighting]
    handed: list[str]


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """One disclosure that was proved, in clear, until the ledger's pseudonyms are made of it."""

    seen_at: datetime
    kind: Kind
    recipient: str
    recipient_kind: RecipientKind
    customer: str
    route: str
    method: str
    status: int
    place: str

    def __repr__(self) -> str:
        return f"Shown({self.kind}, {self.route})"


class Proofs:
    """Collects what the probes hand in; one finding per kind and operation, one proof per owner and asker."""

    def __init__(self, target: Target) -> None:
        """Take the target, whose accounts are known and must not be shown."""
        self._target = target
        self._held: dict[tuple[Kind, str], dict[tuple[str, str, Relation], Evidence]] = {}
        self.veil = Veil(target)
        self.stage = ""
        self.stages: set[tuple[str, Kind]] = set()
        self.weaknesses: list[Weakness] = []
        self.shown: list[Shown] = []
        self.variables: dict[str, str] = {}

    def add(  # noqa: PLR0913 - what a proof consists of
        self,
        kind: Kind,
        op: Operation,
        seen: Seen,
        sighting: Sighting,
        *,
        how: str,
        seen_at: datetime,
        relation: Relation | None = None,
        base: Seen | None = None,
    ) -> None:
        """Keep that a mark of the owner was seen by another."""
        owner, session = sighting.owner, seen.session
        if kind == "foreign-record" and session.identity is not None and session.identity.kind is RecipientKind.EMPLOYEE:
            kind = "unexplained-lookup"
        evidence = Evidence(
            seen_at=seen_at,
            owner=owner.name,
            other=session.name,
            relation=relation or related(owner, session),
            how=how,
            baseline=self.veil.ask(base.session, base.request, base.answer) if base else None,
            proof=self.veil.ask(session, seen.request, seen.answer),
            place=sighting.place,
            excerpt=self.veil.excerpt(sighting),
            curl=self.veil.curl(session, seen.request),
        )
        self._keep(kind, op, seen, evidence, whose(owner))

    def unknown_owner(self, seen: Seen, op: Operation, named: str, *, how: str, seen_at: datetime) -> None:
        """Keep that a self page was somebody else's, of whom nothing is known but what the page says."""
        evidence = Evidence(
            seen_at=seen_at,
            owner=UNKNOWN,
            other=seen.session.name,
            relation="other tenant",
            how=how,
            baseline=None,
            proof=self.veil.ask(seen.session, seen.request, seen.answer),
            place="body",
            excerpt=self.veil.masked(named),
            curl=self.veil.curl(seen.session, seen.request),
        )
        self._keep("account-mixup", op, seen, evidence, named)

    def weak(self, kind: str, op: Operation, text: str) -> None:
        """Keep a weakness, once."""
        found = Weakness(kind, op.name, text)
        if found not in self.weaknesses:
            self.weaknesses.append(found)

    def known(self, op: Operation, *kinds: Kind) -> bool:
        """Whether one of these kinds was already proved on the operation."""
        return any((kind, op.name) in self._held for kind in kinds)

    def proved(self, stage: str, kinds: Iterable[Kind]) -> bool:
        """Whether a probe answers for a finding: it saw it itself, or another saw what only this one looks for."""
        return any((stage, kind) in self.stages or (kind != "account-mixup" and kind in {k for _, k in self.stages}) for kind in kinds)

    def findings(self) -> list[Finding]:
        """Return what was proved, in the order of kind and operation."""
        # what anybody may read, every login may read; and the answer to a write shows what the write was let do
        said = {name for kind, name in self._held if kind in {"anonymous-read", "foreign-write"}}
        ordered = sorted((key, held) for key, held in self._held.items() if key[0] != "foreign-record" or key[1] not in said)
        return [
            Finding(id=f"P-{number}", kind=kind, operation=name, evidence=list(held.values()))
            for number, ((kind, name), held) in enumerate(ordered, 1)
        ]

    def _keep(self, kind: Kind, op: Operation, seen: Seen, evidence: Evidence, customer: str) -> None:
        # a fault of the whole portal shows on whichever page is open
        name = ANY_PAGE if kind == "account-mixup" or evidence.relation == "ended session" else op.name
        self.stages.add((self.stage, kind))
        held = self._held.setdefault((kind, name), {})
        key = (evidence.owner, evidence.other, evidence.relation)
        if key in held:
            return
        held[key] = evidence
        self.variables |= worn(seen.session, seen.request.url)
        asker: Identity | None = seen.session.identity
        self.shown.append(
            Shown(
                seen_at=evidence.seen_at,
                kind=kind,
                recipient=(asker.recipient or asker.values.get("name", asker.name)) if asker and evidence.relation != "itself" else "",
                recipient_kind=asker.kind if asker else RecipientKind.ANONYMOUS,
                customer=customer,
                route=op.path,
                method=seen.request.method,
                status=evidence.proof.status,
                place=evidence.place,
            )
        )


def related(owner: Identity, session: Session) -> Relation:
    """Return how the one who asked is related to the owner."""
    other = session.identity
    if other is None:
        return "anonymous"
    if other.name == owner.name:
        return "itself"
    return "same tenant" if other.tenant and other.tenant == owner.tenant else "other tenant"
