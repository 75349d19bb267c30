"""Which own identifiers stand in this text, in any wrapping? Hashes cannot be seen by looking: see `disguises`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from whosaw.identifiers.catalogue import classify
from whosaw.identifiers.masking import mask, mask_runs
from whosaw.identifiers.numbers import (
    Kind,
    Profile,
    any_iccid,
    any_imsi,
    bare,
    imei,
    national,
    normalise,
    own_iccid,
    own_imsi,
    with_code,
)
from whosaw.identifiers.wrappings import Layer, layers, path_name

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """An own identifier that was found: its kind, its clear value, the wrappings around it and the place that was searched.

    The value is clear, for the moment of reading; `repr` and `str` show a mask.
    """

    kind: Kind
    value: str
    wrapping: str
    place: str

    def __repr__(self) -> str:
        return f"Hit(kind={self.kind}, value={mask(self.value, self.kind)}, wrapping={self.wrapping}, place={mask_runs(self.place)})"


# Not part of a longer run of digits, nor of a percent escape, nor continued by a digit that is percent-encoded.
_RUN = re.compile(r"[0-9](?<![0-9%][0-9])(?<!%[0-9A-Fa-f][0-9])[0-9]{7,21}+(?!%(?:25)*3[0-9])(?![0-9])")
_SPACED = re.compile(r"[+0](?<![0-9A-Za-z.:/-][+0])[0-9]{1,5}(?:[ ().\u00a0-]{1,3}[0-9]{1,10}){1,7}+(?![0-9])")
# The domain is no size of a picture (logo@2x.png), and the mailbox begins where a word does.
_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._+-])[A-Za-z0-9._+-]{1,64}@(?![0-9](?:\.[0-9])?x\.)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9-])"
)


def recognise(text: str, profile: Profile, *, place: str = "") -> list[Hit]:
    """Return every own identifier in a header value, cookie, URL, JSON or free text, each once, least wrapped first.

    `place` says where the text stood ("header:X-IMEI"); its name lets through what is too common to be taken at sight.
    """
    found: dict[tuple[Kind, str], Hit] = {}
    for layer in layers(text, place.rpartition(":")[2]):
        for kind, value in _identifiers(layer, profile):
            if not _shadow(layer, kind, value, found):
                found.setdefault((kind, value), Hit(kind, value, path_name(layer.path), place))
    return list(found.values())


def _shadow(layer: Layer, kind: Kind, value: str, found: dict[tuple[Kind, str], Hit]) -> bool:
    """Whether a nibble-swapped number is but the other reading of one that was found as it stands."""
    if layer.path[-1:] != ("nibble-swapped",):
        return False
    swapped = "".join(value[i + 1] + value[i] for i in range(0, len(value) - 1, 2))
    return (kind, swapped) in found


def _identifiers(layer: Layer, profile: Profile) -> Iterator[tuple[Kind, str]]:
    taken: list[tuple[int, int]] = []
    for match in _RUN.finditer(layer.text):
        for found in _read(match, layer, profile):
            taken.append(match.span())
            yield found
    for match in _SPACED.finditer(layer.text):
        if number := normalise(match[0], profile):
            yield Kind.MSISDN, number
    if "@" in layer.text:
        yield from _emails(layer, taken)
    if profile.accounts is not None:
        yield from ((Kind.ACCOUNT, match[0]) for match in profile.accounts.finditer(layer.text))


def _emails(layer: Layer, taken: list[tuple[int, int]]) -> Iterator[tuple[Kind, str]]:
    """Yield e-mail addresses, but not a number with a realm, which has been taken for what it is."""
    # random bytes hold something like w7@x.ch once in 30,000 tokens
    shortest = 10 if layer.path[-1:] in {("base64",), ("hex-ascii",)} else 0
    for match in _EMAIL.finditer(layer.text):
        if len(match[0]) >= shortest and not any(match.start() <= start and end <= match.end() for start, end in taken):
            yield Kind.EMAIL, match[0].lower()


def _read(match: re.Match[str], layer: Layer, profile: Profile) -> Iterator[tuple[Kind, str]]:
    """Yield what a run of digits is: at sight where own ranges and check digits decide, else if its name says so."""
    digits = match[0]
    if layer.path[-1:] == ("nibble-swapped",):
        found = _in_tbcd(digits, profile)
    else:
        found = _at_sight(
            digits, profile, before=layer.text[match.start() - 1 : match.start()], after=layer.text[match.end() : match.end() + 1]
        )
        if found is None and _may_be(digits, profile):
            found = _by_name(digits, profile, _says(layer.name_before(match.start())))
    if found is not None:
        yield found


def _in_tbcd(digits: str, profile: Profile) -> tuple[Kind, str] | None:
    """Return what swapped nibbles hold: a number in the own ranges with its country code, or an own IMSI, and nothing else."""
    if profile.ranges and (number := with_code(digits, profile)):
        return Kind.MSISDN, number
    return (Kind.IMSI, digits) if own_imsi(digits, profile) else None


def _at_sight(digits: str, profile: Profile, *, before: str, after: str) -> tuple[Kind, str] | None:
    if profile.ranges or before == "+" or digits.startswith("00"):
        number = with_code(digits, profile)
        # between letters, ten or eleven digits are more often a piece of a digest than a number
        if number is None and profile.ranges and not (before == "+" or before.isalpha() or after.isalpha()):
            number = national(digits, profile) or (bare(digits, profile) if profile.bare_tells else None)
        if number is not None:
            return Kind.MSISDN, number
    if value := own_imsi(digits, profile):
        return Kind.IMSI, value
    if value := own_iccid(digits, profile):
        return Kind.ICCID, value
    return None


def _may_be(digits: str, profile: Profile) -> bool:
    """Whether asking for the name is worth its cost."""
    return len(digits) >= 15 or bool(normalise(digits, profile))


def _by_name(digits: str, profile: Profile, kinds: frozenset[Kind]) -> tuple[Kind, str] | None:
    if Kind.MSISDN in kinds and (value := normalise(digits, profile)):
        return Kind.MSISDN, value
    if Kind.IMSI in kinds and (value := any_imsi(digits)):
        return Kind.IMSI, value
    if Kind.IMEI in kinds and (value := imei(digits)):
        return Kind.IMEI, value
    if Kind.ICCID in kinds and (value := any_iccid(digits)):
        return Kind.ICCID, value
    return None


_WORDS = (
    (Kind.IMSI, ("imsi",)),
    (Kind.IMEI, ("imei", "deviceid", "handset")),
    (Kind.ICCID, ("iccid", "simserial", "simcard", "simno")),
    (Kind.MSISDN, ("msisdn", "phone", "mobile", "mdn", "subno", "callingline", "clid", "cli", "tel", "subscriber", "number")),
)
_CLASSES = {"msisdn": Kind.MSISDN, "pseudonym": Kind.MSISDN, "imsi": Kind.IMSI, "imei": Kind.IMEI, "iccid": Kind.ICCID}


@lru_cache(maxsize=4096)
def _says(name: str) -> frozenset[Kind]:
    """Return which kinds a header, cookie, parameter or member of this name may hold."""
    letters = "".join(c for c in name.lower() if c.isalpha())
    kinds = {kind for kind, words in _WORDS if any(letters.endswith(word) for word in words)}
    entry = classify(name)
    if entry is not None and entry.cls in _CLASSES:
        kinds.add(_CLASSES[entry.cls])
    return frozenset(kinds)
