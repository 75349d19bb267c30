"""Under which tokens may the operator's own numbers stand in a log? The subscriber base, disguised in every usual way, as one relation."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from whosaw import entitlements
from whosaw.engine.door import quoted
from whosaw.identifiers import Profile, profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from whosaw.config import Config
    from whosaw.engine.duckdb import Engine

_DIGESTS = {"md5": 64, "sha1": 64, "sha256": 64}
"""Digests, and the bytes of the block each works on (RFC 2104 needs it for a MAC)."""

_LEAST = 8
"""Signs of a token; shorter ones stand anywhere."""


def speak(engine: Engine, config: Config) -> Profile:
    """Tell the engine how the operator's country writes numbers; return the profile of the operator's own."""
    own = profile(config.operator.country, config.operator.numbers)
    engine.speak_of_numbers(own.code, own.trunk)
    return own


def prepare(engine: Engine, config: Config, folder: Path) -> None:
    """Fill `disguised` (token, whose, which form) and `forms`, when a source scans for them.

    A hashed number cannot be recognised by looking at it, only by hashing the own numbers in the usual ways and comparing.
    The tokens are those of `identifiers.disguises`.
    """
    operator, own = config.operator, speak(engine, config)
    engine.run("create or replace temp table disguised (token ubigint, object bigint, rank usmallint)")
    engine.run("create or replace temp table forms (rank usmallint, form varchar)")
    wanted = {source.object_type for source in config.source if source.scan}
    owners = [owner for owner in config.owner if owner.object in wanted]
    if not owners:
        return
    tokens = dict(_tokens(own, _variables(engine, "salt", operator.salts), _keyed(engine, operator.hash_keys)))
    engine.run("insert into forms select * from (select unnest(range(?)), unnest(?::varchar[]))", [len(tokens), list(tokens)])
    for owner in owners:
        entitlements.stage_objects(engine, owner, folder, operator.timezone)
        engine.run(f"""
            insert into disguised select hash(token), object, rank from (
                select object_key({quoted(owner.object)}, number) as object, unnest([{", ".join(tokens.values())}]) as token,
                    unnest(range({len(tokens)})) as rank
                from (select *, {_local(own)} as local from objects))
            where length(token) >= {_LEAST}""")
        engine.run("drop table objects")


def _variables(engine: Engine, name: str, values: list[str]) -> list[str]:
    """Bind values, so that they stand in no query's text; return the SQL of each."""
    for i, value in enumerate(values):
        engine.run(f"set variable {name}_{i} = ?", [value.encode()])
    return [f"getvariable('{name}_{i}')" for i in range(len(values))]


def _keyed(engine: Engine, keys: list[str]) -> dict[tuple[int, str], tuple[str, str]]:
    """Bind the inner and outer pads of each key for each digest (HMAC, RFC 2104); return the SQL of both."""
    found = {}
    for i, key in enumerate(keys):
        for digest, block in _DIGESTS.items():
            raw = key.encode()
            raw = (hashlib.new(digest, raw, usedforsecurity=False).digest() if len(raw) > block else raw).ljust(block, b"\0")
            pads = [bytes(byte ^ pad for byte in raw) for pad in (0x36, 0x5C)]
            for name, pad in zip(("inner", "outer"), pads, strict=True):
                engine.run(f"set variable {name}_{digest}_{i} = ?", [pad])
            found[i, digest] = (f"getvariable('inner_{digest}_{i}')", f"getvariable('outer_{digest}_{i}')")
    return found


def _local(own: Profile) -> str:
    return f"case when starts_with(number, {quoted(own.code)}) then number[{len(own.code) + 1}:] else number end"


def _spellings(own: Profile) -> dict[str, str]:
    """Return the SQL of each usual spelling; where two are the same text, the first names it."""
    national = f"{quoted(own.trunk)} || local"
    return {"e164": "number", "+e164": "'+' || number", "00e164": "'00' || number", "national": national, "bare": "local"}


def _tokens(own: Profile, salts: list[str], keys: dict[tuple[int, str], tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield each form with the SQL of its token, the plainest first."""
    spelled = _spellings(own)
    yield from ((f"plain:{name}", text) for name, text in spelled.items() if not name.startswith("+"))
    yield "nibble-swapped:e164", r"regexp_replace(number || repeat('f', length(number) % 2), '(.)(.)', '\2\1', 'g')"
    for name, text in spelled.items():
        raw = f"encode({text})"
        yield f"base64:{name}", f"rtrim(base64({raw}), '=')"
        yield f"hex-ascii:{name}", f"lower(hex({raw}))"
        yield from ((f"{digest}:{name}", f"{digest}({raw})") for digest in _DIGESTS)
        for i, salt in enumerate(salts):
            yield from ((f"{digest}:{name}:salt{i}-before", f"{digest}({salt} || {raw})") for digest in _DIGESTS)
            yield from ((f"{digest}:{name}:salt{i}-after", f"{digest}({raw} || {salt})") for digest in _DIGESTS)
        for (i, digest), (inner, outer) in keys.items():
            yield f"hmac-{digest}:{name}:key{i}", f"{digest}({outer} || unhex({digest}({inner} || {raw})))"
