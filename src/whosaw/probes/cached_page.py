"""Does a shared cache give one customer's page, or session, to another? Asked as A, A, B and nobody under one address, now and later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from whosaw.config.tables import seconds
from whosaw.probes.asking.marks import shows
from whosaw.probes.asking.operations import Operation, asked, values_for
from whosaw.probes.asking.run import Probe
from whosaw.probes.asking.wire import busted

if TYPE_CHECKING:
    from whosaw.config.probing import Identity
    from whosaw.probes.asking.proofs import Seen
    from whosaw.probes.asking.run import Run
    from whosaw.probes.asking.wire import Request

_SUFFIXES = ("/whosaw.css", ";whosaw.css", "%0awhosaw.css", ".css")
"""Ends that make a page look like a file to a cache and like itself to the application."""


def _ask(run: Run) -> None:
    pages = run.askable(shared=False)
    places = {op.name: place for place, op in enumerate(pages)}
    run.batches(pages, lambda op: _page(run, op, _SUFFIXES[places[op.name] % len(_SUFFIXES)]))
    run.gate.rest(seconds(run.target.checks.expiry, "checks.expiry"))
    run.batches(pages, lambda op: _later(run, op))
    run.trial(run.identities, lambda: _cookies(run))


def _page(run: Run, op: Operation, suffix: str) -> None:
    owner = run.owner(op)
    own = run.baseline(op, owner) if owner is not None else None
    if owner is None or own is None:
        _under_an_own_address(run, op)
        return
    _headers(run, op, own)
    for other in run.others(owner)[:1]:
        if run.spend(op, owner.name, other.name):
            run.ask(run.sessions[owner.name], own.session.undressed(own.request))  # some caches keep only what is asked for twice
        _compare(run, op, run.first(op, owner, run.sessions[other.name]))
    _compare(run, op, run.first(op, owner, run.anonymous()))
    if run.spend(op, owner.name, "anonymous", 2):
        _deceived(run, op, owner, _ending(own.session.undressed(own.request), suffix))


def _under_an_own_address(run: Run, op: Operation) -> None:
    """Fill a cache under an address that nobody else asks for: under the usual one it may hold a page that was filled by a stranger."""
    for owner in run.identities:
        values = values_for(op, owner, run.target)
        if values is None or not run.spend(op, owner.name, owner.name):
            continue
        request = busted(asked(op, run.target.url, values))
        own = run.ask(run.sessions[owner.name], request)
        if not shows(own.answer, own.request, owner):
            continue
        for session in [*(run.sessions[other.name] for other in run.others(owner)[:1]), run.anonymous()]:
            if run.spend(op, owner.name, session.name):
                run.sighted(run.ask(session, request), "cached-page", op, how="an address of its own, after its owner")
        return


def _later(run: Run, op: Operation) -> None:
    """Ask once more when what was kept may have expired: a cache may store on the second turn what it did not on the first."""
    owner = run.owner(op)
    own = run.baseline(op, owner) if owner is not None else None
    if owner is None or own is None or run.proofs.known(op, "cached-page"):
        return
    for other in run.others(owner)[:1]:
        if run.spend(op, owner.name, other.name, 2):
            request = own.session.undressed(own.request)
            run.ask(run.sessions[owner.name], request)
            _compare(run, op, run.ask(run.sessions[other.name], request))


def _compare(run: Run, op: Operation, seen: Seen | None) -> None:
    if seen is not None:
        run.sighted(seen, "cached-page", op, how="the same address after its owner")


def _deceived(run: Run, op: Operation, owner: Identity, request: Request) -> None:
    own = run.ask(run.sessions[owner.name], request)
    if shows(own.answer, own.request, owner):
        run.sighted(run.ask(run.anonymous(), request), "cached-page", op, how="the address with the ending of a file, after its owner")


def _ending(request: Request, suffix: str) -> Request:
    path, mark, query = request.url.partition("?")
    return replace(request, url=f"{path}{suffix}{mark}{query}")


def _headers(run: Run, op: Operation, own: Seen) -> None:
    """Note a personal page that a shared cache may keep by its own headers. No disclosure is proved by that."""
    control = own.answer.header("cache-control").lower()
    if "no-store" in control or "private" in control:
        return
    keeps = "public" in control or "s-maxage" in control or ("max-age" in control and "max-age=0" not in control)
    if keeps and own.answer.header("set-cookie"):
        run.proofs.weak("cache-headers", op, "a personal page that may be kept also sets a cookie")
    elif keeps and not {"cookie", "authorization"} & {word.strip() for word in own.answer.header("vary").lower().split(",")}:
        run.proofs.weak("cache-headers", op, "a personal page may be kept, and `Vary` names neither Cookie nor Authorization")
    else:
        run.proofs.weak("cache-headers", op, "a personal page has neither `no-store` nor `private`")


# --- sessions handed out by a cache ---------------------------------------------------------------------------------------


def _cookies(run: Run) -> None:
    """Ask for pages that anybody may see as somebody logged in, then as nobody: does the cookie come along?

    Under an address of our own first. A cookie that is not a session of our own accounts is never used.
    """
    for op in _open_pages(run):
        for owner in run.identities[:1]:
            plain = asked(op, run.target.url, {})
            _ = _hands_out(run, op, owner, busted(plain)) or _hands_out(run, op, owner, plain)


def _open_pages(run: Run) -> list[Operation]:
    paths = [path for path in run.target.public if "{" not in path and "*" not in path]
    paths += [step.path for login in run.target.login.values() for step in login.steps if step.method == "GET"]
    paths += ["/", *(op.path for op in run.operations if not op.ids)]
    return [Operation(method="GET", path=path.partition("?")[0]) for path in dict.fromkeys(paths) if path.startswith("/")]


def _hands_out(run: Run, op: Operation, owner: Identity, request: Request) -> bool:
    mine = run.sessions[owner.name]
    run.ask(mine, request)
    run.ask(mine, request)
    visitor = run.anonymous()
    seen = run.ask(visitor, request)
    if owner.name not in seen.handed:
        return False
    visitor.jar.absorb(request.url, seen.answer)
    proof = run.ask(visitor, run.self_request(fresh=True))
    run.sighted(proof, "shared-session", op, how="with the cookie that the page before handed to a visitor")
    return bool(proof.sightings)


CACHED_PAGE = Probe(
    "cached-page", "no shared cache gives one customer's page or session to another", ("cached-page", "shared-session"), _ask
)
