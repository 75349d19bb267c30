"""Does a session that has ended, or never was, still open a customer's data? Logged out, and with credentials altered by one sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.probes.asking import session as sessions
from whosaw.probes.asking.run import Probe
from whosaw.probes.asking.session import NotIn, Session

if TYPE_CHECKING:
    from whosaw.config.probing import Identity
    from whosaw.probes.asking.findings import Relation
    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.run import Run


def _ask(run: Run) -> None:
    ended = {identity.name: session for identity in run.identities if (session := _ended(run, identity)) is not None}
    run.batches(run.askable(), lambda op: _operation(run, op, ended))


def _ended(run: Run, identity: Identity) -> Session | None:
    """Return a session of the identity's that was logged out, if its recipe says how."""
    if identity.login == "" or not run.target.login[identity.login].logout:
        return None
    try:
        session = run.enter(identity)
        sessions.leave(run.gate, session)
    except NotIn as problem:
        run.notes.append(str(problem))
        return None
    return session


def _operation(run: Run, op: Operation, ended: dict[str, Session]) -> None:
    owner = run.owner(op)
    if owner is None or run.proofs.known(op, "anonymous-read", "cached-page"):
        return
    mine = run.sessions[owner.name]
    _replay(run, op, owner, mine.spoiled(), "nobody's credentials")
    if owner.name in ended and not run.proofs.known(op, "ended-session"):
        _replay(run, op, owner, ended[owner.name].twin(), "ended session")


def _replay(run: Run, op: Operation, owner: Identity, session: Session, relation: Relation) -> None:
    own = run.baseline(op, owner)
    if own is None or not run.spend(op, owner.name, relation) or not session.credentials(own.request.url):
        return
    seen = run.ask(session, session.undressed(own.request), owners=(owner,))
    run.sighted(seen, "ended-session", op, how="the owner's own request, with credentials that are worth nothing", relation=relation)


ENDED_SESSION = Probe("ended-session", "a session that ended opens nothing", ("ended-session",), _ask)
