"""In which other ways can one login ask for another's record? Ids in several places, twice, in lists, below an own id, in a header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.probes.asking.extract import holes
from whosaw.probes.asking.operations import asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from whosaw.config.probing import Identity, Target
    from whosaw.probes.asking.operations import Operation
    from whosaw.probes.asking.wire import Request


def variants(op: Operation, target: Target, own: Mapping[str, str], foreign: Mapping[str, str]) -> Iterator[tuple[str, Request]]:
    """Yield how the foreign id is put and the request, the most telling first. `own` and `foreign` are ids of the two for each kind."""
    yield from _below_own(op, target, own, foreign)
    yield from _twice(op, target, own, foreign)
    yield from _listed(op, target, own, foreign)


def in_headers(op: Operation, target: Target, own: Mapping[str, str], owner: Identity) -> Iterator[tuple[str, Request]]:
    """Yield the asker's own request with the owner's id in each header that may name a customer."""
    for name, kind in target.id_headers.items():
        for value in owner.own(kind)[:1]:
            yield f"the owner's {kind} in the header `{name}`", asked(op, target.url, own).wearing(((name, value),))


def _below_own(op: Operation, target: Target, own: Mapping[str, str], foreign: Mapping[str, str]) -> Iterator[tuple[str, Request]]:
    kinds = [kind for kind in op.ids if own[kind] != foreign[kind]]
    for kind in kinds if len(kinds) > 1 else ():
        yield f"the owner's {kind} beside own ids", asked(op, target.url, {**own, kind: foreign[kind]})


def _twice(op: Operation, target: Target, own: Mapping[str, str], foreign: Mapping[str, str]) -> Iterator[tuple[str, Request]]:
    for place, (name, value) in enumerate(op.query):
        for kind in holes(value)[:1]:
            for order in ((own[kind], foreign[kind]), (foreign[kind], own[kind])):
                pairs = [(key, text.replace("{" + kind + "}", own[kind])) for key, text in op.query]
                pairs[place : place + 1] = [(name, order[0]), (name, order[1])]
                yield f"the parameter `{name}` twice", asked(op, target.url, own, query=pairs)


def _listed(op: Operation, target: Target, own: Mapping[str, str], foreign: Mapping[str, str]) -> Iterator[tuple[str, Request]]:
    parts = op.parts()
    for kind in parts.get("query", ())[:1]:
        yield f"a list of own and the owner's {kind}", asked(op, target.url, {**own, kind: f"{own[kind]},{foreign[kind]}"})
    for kind in parts.get("body", ())[:1] if op.json is not None else ():
        yield f"a list of own and the owner's {kind} in the body", asked(op, target.url, {**own, kind: [own[kind], foreign[kind]]})
