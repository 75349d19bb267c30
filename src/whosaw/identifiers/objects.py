"""Under which pseudonym does an object (a bill, a number) stand in the ledger? The same that the engine gives a whole column."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from whosaw.identifiers.numbers import Profile
    from whosaw.identifiers.pseudonyms import Pseudonymiser

NUMBER = "number"
"""The kind of object that is a telephone number: each of its spellings is the same object."""

_INTERNATIONAL = re.compile(r"[^0-9]*[+]")
_NO_DIGIT = re.compile(r"[^0-9]")


def object_key(pseudonyms: Pseudonymiser, kind: str, value: str, own: Profile) -> int | None:
    """Return the key of an object of a kind; nothing if there is no value."""
    if not value:
        return None
    return pseudonyms.key("object", f"{kind}:{e164(value, own) if kind == NUMBER else value}")


def e164(number: str, own: Profile) -> str:
    """Return the E.164 digits of a number as the operator's country writes it."""
    digits = _NO_DIGIT.sub("", number.replace("(0)", ""))
    if not own.code or _INTERNATIONAL.match(number):
        return digits
    if digits.startswith("00"):
        return digits[2:]
    if own.trunk and digits.startswith(own.trunk):
        return own.code + digits[len(own.trunk) :]
    return digits if digits.startswith(own.code) else own.code + digits
