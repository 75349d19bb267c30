"""Which routes were asked for in a HAR file or an access log, also those that no document lists? Only their templates are taken.

The lines hold ids of real customers. None of them is ever asked for: a part of a path that may be an id becomes a placeholder, which
is filled with an own id or not at all, and a word that may be a login is taken for an id.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from whosaw.engine.inputs import Input
from whosaw.errors import InputError
from whosaw.probes.asking.operations import Operation, kind_of
from whosaw.readers import by_name, detect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from whosaw.config.probing import Target
    from whosaw.model import Guess, Reader

_WORD = re.compile(
    r"(?:v[0-9]{1,2}|\.well-known|[a-z]+(?:[-_][a-z]+)*(?:\.(?:html?|json|xml|csv|pdf|php|jsp|do|aspx?|action))?)", re.IGNORECASE
)
_STATIC = re.compile(r"\.(?:css|js|mjs|map|png|jpe?g|gif|svg|ico|woff2?|ttf|webp|mp4|txt)$", re.IGNORECASE)
_PEOPLE = re.compile(
    r"(?:users?|customers?|accounts?|profiles?|people|persons?|members?|subscribers?|employees?|agents?|logins?|owners?|u)"
)
_CHOICES = {"action", "cmd", "op", "view", "format", "lang", "page", "method", "type", "mode", "tab"}
_CHOICE = re.compile(r"[a-z][a-z_-]{0,19}", re.IGNORECASE)
_SIBLINGS = 12
"""More words than these at one place are names, not pages."""
_TOP_SIBLINGS = 60
_MOST = 400


def operations(path: Path, target: Target) -> tuple[list[Operation], list[str]]:
    """Return the reading operations that a file of traffic shows, and how many routes were left out and why."""
    seen: Counter[tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = Counter()
    for row in _rows(path):
        if (call := _call(row, target)) is not None:
            seen[call] += 1
    if not seen:
        return [], [f"{path.name} shows no page that was read"]
    wide = _wide(seen)
    found: dict[str, Operation] = {}
    dropped = 0
    for (steps, query), _ in seen.most_common():
        op = _operation(_placed(steps, wide, target), query, target)
        if op is None:
            dropped += 1
        else:
            found.setdefault(op.name, op)
    notes = [f"{path.name}: {dropped} addresses take an id of which no identity has one, and are not asked"] if dropped else []
    return list(found.values())[:_MOST], notes


def _rows(path: Path) -> Iterator[Mapping[str, str]]:
    """Yield method, address and status of each request."""
    found = Input(path)
    sample = found.sample()
    guesses = detect(sample)
    reader = by_name(guesses[0].reader) if guesses else None
    if not any(line.strip() for line in sample):
        return
    if reader is None:
        raise InputError(f"no reader knows the lines of `{path.name}`", hint="docs/reference/readers.md lists the formats")
    guess = guesses[0]
    for row in _fields(found, reader, guess):
        if not isinstance(row, str):
            yield _plain(row, guess.layout.roles)


def _fields(found: Input, reader: Reader, guess: Guess) -> Iterator[Mapping[str, str] | str]:
    if reader.document is not None:
        yield from reader.document(found.whole())
        return
    for block in found.blocks():
        for raw in block.data.tobytes().splitlines():
            yield reader.careful(guess.layout, raw)


def _plain(row: Mapping[str, str], roles: Mapping[str, str]) -> Mapping[str, str]:
    named = {role: row.get(roles.get(role, ""), "") for role in ("method", "uri", "status", "request")}
    if not named["uri"] and len(words := named["request"].split(" ")) >= 2:
        named |= {"method": words[0], "uri": words[1]}
    return named


def _call(row: Mapping[str, str], target: Target) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]] | None:
    """Return the parts of a path and the query of a request that read something and was answered."""
    if row["method"] not in {"GET", "HEAD"} or not (row["status"] or "200").startswith(("2", "3")):
        return None
    try:
        parts = urlsplit(row["uri"])
    except ValueError:
        return None
    path = parts.path.removeprefix(urlsplit(target.url).path.rstrip("/"))
    if _STATIC.search(path) or not path.startswith("/"):
        return None
    pairs = (pair.partition("=") for pair in parts.query.split("&") if pair)
    return tuple(unquote(step) for step in path.split("/")[1:]), tuple((unquote(name), unquote(value)) for name, _, value in pairs)


def _wide(seen: Counter[tuple[tuple[str, ...], tuple[tuple[str, str], ...]]]) -> set[tuple[str, ...]]:
    """Return the places at which so many words or any ids stand that all of them are taken for ids."""
    below: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for steps, _ in seen:
        for i, step in enumerate(steps):
            below[steps[:i]].add(step)
    return {
        place
        for place, words in below.items()
        if len(words) > (_SIBLINGS if place else _TOP_SIBLINGS) or (place and any(not _WORD.fullmatch(word) for word in words if word))
    }


def _placed(steps: tuple[str, ...], wide: set[tuple[str, ...]], target: Target) -> list[str]:
    """Return the parts of a path with a placeholder for whatever may be an id, named after the part before it or after whose it is."""
    own = {value: kind for identity in target.identity for kind in identity.ids for value in identity.own(kind)}
    shapes = _shapes(own)
    placed: list[str] = []
    for i, step in enumerate(steps):
        before = steps[i - 1] if i else ""
        id_like = not _WORD.fullmatch(step) or steps[:i] in wide or _PEOPLE.fullmatch(before.lower()) is not None
        if step in own:
            placed.append("{" + own[step] + "}")
        elif step and id_like:
            placed.append("{" + (kind_of("id", f"/{before}/{{id}}", target) or shapes.get(_shape(step)) or "?") + "}")
        else:
            placed.append(step)
    return placed


def _shapes(own: Mapping[str, str]) -> dict[str, str]:
    """Return shape -> kind for the shapes of own ids that tell their kind."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for value, kind in own.items():
        kinds[_shape(value)].add(kind)
    return {shape: next(iter(found)) for shape, found in kinds.items() if len(found) == 1}


def _shape(value: str) -> str:
    """Return what a value looks like: `B-2026-0017` and `B-2025-4` look alike; of nothing but digits, as many do."""
    return "9" * len(value) if value.isdigit() else re.sub(r"[0-9]+", "9", value.lower())


def _operation(steps: list[str], query: tuple[tuple[str, str], ...], target: Target) -> Operation | None:
    if "{?}" in steps:
        return None
    path = "/" + "/".join(steps)
    kept = []
    for name, value in query:
        if kind := kind_of(name, path, target):
            kept.append((name, "{" + kind + "}"))
        elif name.lower() in _CHOICES and _CHOICE.fullmatch(value):
            kept.append((name, value))
    return Operation(method="GET", path=path, query=tuple(dict.fromkeys(kept)), source="log")
