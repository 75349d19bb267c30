"""What does a test account hold, and how is it put back? Reading and writing the one value that a `[[write]]` names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.config.probing import Declared
from whosaw.probes.asking.extract import taken
from whosaw.probes.asking.operations import Operation, asked, declared, values_for

if TYPE_CHECKING:
    from whosaw.config.probing import Identity, Write
    from whosaw.probes.asking.proofs import Seen
    from whosaw.probes.asking.run import Run
    from whosaw.probes.asking.session import Session

NONCE = "nonce"


def operation(write: Write) -> Operation:
    """Return the write as an operation; `{nonce}` and what is kept are placeholders like ids."""
    return declared(Declared(method=write.method, path=write.path, headers=write.headers, form=write.form, json=write.json))


def ids_of(run: Run, write: Write, identity: Identity) -> dict[str, str] | None:
    """Return the identity's own ids for the write, or nothing if it has none of a kind."""
    plain = operation(write)
    kinds = [kind for kind in plain.ids if kind != NONCE and kind not in write.keep]
    own = {kind: (identity.own(kind) or (run.target.fill.get(kind, ""),))[0] for kind in kinds}
    return own if all(own.values()) else None


def held(run: Run, write: Write, identity: Identity) -> dict[str, str] | None:
    """Return what the account holds: the value, and what is kept along; nothing if its page does not open."""
    page = declared(Declared(path=write.read))
    values = values_for(page, identity, run.target)
    if values is None:
        return None
    for _ in range(2):
        answer = run.ask(run.sessions[identity.name], asked(page, run.target.url, values)).answer
        if answer.status == 200:
            return {NONCE: taken(answer, write.value)} | {name: taken(answer, how) for name, how in write.keep.items()}
        if not run.control(identity):
            return None
    return None


def put(run: Run, write: Write, session: Session, ids: dict[str, str], values: dict[str, str]) -> Seen:
    """Send the write."""
    return run.ask(session, asked(operation(write), run.target.url, {**values, **ids}))


def restored(run: Run, write: Write, identity: Identity, before: dict[str, str]) -> bool:
    """Put back what the account held, as the account itself, and read whether it holds it again."""
    ids = ids_of(run, write, identity)
    if ids is None or not run.control(identity):
        return False
    now = held(run, write, identity)
    if now is None or now[NONCE] == before[NONCE]:
        return now is not None
    current = {**before, **{name: now[name] for name in write.keep if _is_token(name)}}
    put(run, write, run.sessions[identity.name], ids, current)
    again = held(run, write, identity)
    return again is not None and again[NONCE] == before[NONCE]


def _is_token(name: str) -> bool:
    """Whether what is kept is no value of the account but a form's own token, of which only the newest is good."""
    return "csrf" in name.lower() or "token" in name.lower()
