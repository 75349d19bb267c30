"""Is it always me? Log in again and again, also after a logout and a refresh, and look whose page opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.probes.asking import session as sessions
from whosaw.probes.asking.marks import shows
from whosaw.probes.asking.run import Probe
from whosaw.probes.asking.session import NotIn

if TYPE_CHECKING:
    from whosaw.config.probing import Identity
    from whosaw.probes.asking.run import Run
    from whosaw.probes.asking.session import Session


def _ask(run: Run) -> None:
    for identity in run.identities:
        if identity.login:
            try:
                _again(run, identity)
            except NotIn as problem:
                run.voided = True
                run.notes.append(str(problem))


def _again(run: Run, identity: Identity) -> None:
    """Log in several times; leave every second session properly, and renew the last."""
    unclear = 0
    for turn in range(run.target.checks.logins):
        session = run.enter(identity)
        unclear += not _is_me(run, identity, session, f"login {turn + 1} of {run.target.checks.logins}")
        if turn % 2:
            sessions.leave(run.gate, session)
        elif sessions.refresh(run.gate, session):
            unclear += not _is_me(run, identity, session, "after a refresh")
    if unclear:
        run.voided = True
        run.notes.append(f"{unclear} logins of `{identity.name}` opened a page that showed neither its own marker nor anybody else's")


def _is_me(run: Run, identity: Identity, session: Session, how: str) -> bool:
    """Whether the page said whose it is, the identity's own or somebody else's (which is handed in)."""
    seen = run.ask(session, run.self_request())
    return shows(seen.answer, seen.request, identity) or run.stranger(seen, identity, how)


RELOGIN = Probe("relogin", "every login opens one's own account", ("account-mixup",), _ask)
