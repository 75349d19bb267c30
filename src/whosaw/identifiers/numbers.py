"""Is this text one of the operator's own numbers, and how else may that number be written?

`phonenumbers` is read once, when a profile is built: its metadata of the country becomes one regular expression.
Nothing here calls it per value, because it compiles its expressions through Python's small shared cache:
numbers of many countries evict each other there, and checking falls from 9,000 to 650 a second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class Kind(StrEnum):
    """What an identifier names: a subscriber's number, SIM or handset, a mailbox, or the operator's own account."""

    MSISDN = "msisdn"
    IMSI = "imsi"
    IMEI = "imei"
    ICCID = "iccid"
    EMAIL = "email"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Profile:
    """What the operator's own identifiers look like: country code and national prefix, ranges, networks, accounts.

    `lengths` are those of whole E.164 numbers; `valid` matches every E.164 number of the country's calling code.
    `bare_tells` says that the ranges are so narrow that ten random digits without a country code are hardly ever inside.
    """

    country: str
    code: str
    trunk: str
    ranges: tuple[str, ...]
    lengths: frozenset[int]
    networks: tuple[str, ...]
    accounts: re.Pattern[str] | None
    valid: re.Pattern[str] | None
    bare_tells: bool

    def owns(self, e164: str) -> bool:
        """Whether these E.164 digits lie in the own ranges, or, when none are given, in the country's numbering plan."""
        if self.ranges:
            return len(e164) in self.lengths and e164.startswith(self.ranges)
        return self.valid is not None and self.valid.fullmatch(e164) is not None


def profile(country: str, ranges: Sequence[str], accounts: str = "", *, networks: Sequence[str] = ()) -> Profile:
    """Return the profile of an operator from its country ("GB"), number prefixes, account pattern and own MCC+MNC codes.

    Without a country the calling code is read from the first range; without either, no number is ever recognised.
    Raises `ConfigError` for an unknown country, a range that is no prefix, or a pattern that cannot be compiled.
    """
    code, trunk, plan = _numbering_plan(country.strip().upper(), ranges)
    own = tuple(sorted({_range(text, code, trunk) for text in ranges}))
    valid = re.compile(f"{code}(?:{'|'.join(plan.patterns)})") if plan.patterns else None
    return Profile(
        country=country.strip().upper(),
        code=code,
        trunk=trunk,
        ranges=own,
        lengths=frozenset(_lengths(own, code, valid, plan)),
        networks=tuple(sorted(set(networks))),
        accounts=_accounts(accounts),
        valid=valid,
        # 10**(15 - n) is the share of a range with n national digits, in units of 1e-15.
        bare_tells=bool(own) and sum(10 ** (15 - len(r) + len(code)) for r in own) <= 10**10,
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    """A numbering plan: patterns of national numbers, all possible lengths, and those of mobile numbers."""

    patterns: tuple[str, ...] = ()
    lengths: frozenset[int] = frozenset()
    mobile: frozenset[int] = frozenset()


_TYPES = (
    "mobile", "fixed_line", "voip", "personal_number", "pager", "uan", "voicemail", "toll_free", "premium_rate", "shared_cost"
)  # fmt: skip


def _numbering_plan(country: str, ranges: Sequence[str]) -> tuple[str, str, _Plan]:
    """Return calling code, national prefix and plan; all regions of a code together (+44 holds GB, GG, IM and JE)."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

    if not country:
        country = _country_of(ranges, COUNTRY_CODE_TO_REGION_CODE)
    if not country:
        return "", "", _Plan()
    metadata = PhoneMetadata.metadata_for_region(country)
    if metadata is None or metadata.country_code is None or metadata.general_desc is None:
        raise ConfigError(f"the country `{country}` has no calling code", hint='write the two letters of ISO 3166, for example "GB"')
    regions = [PhoneMetadata.metadata_for_region(r) for r in COUNTRY_CODE_TO_REGION_CODE[metadata.country_code]]
    kinds = [d for region in regions for name in _TYPES if (d := getattr(region, name)) is not None and d.national_number_pattern]
    return (
        str(metadata.country_code),
        metadata.national_prefix or "",
        _Plan(
            tuple(dict.fromkeys(_tidy(d.national_number_pattern) for d in kinds)),
            frozenset(metadata.general_desc.possible_length),
            frozenset((metadata.mobile or metadata.general_desc).possible_length or metadata.general_desc.possible_length),
        ),
    )


def _tidy(pattern: str) -> str:
    # \d would match the digits of every script
    return pattern.replace(r"\d", "[0-9]")


def _country_of(ranges: Iterable[str], regions: Mapping[int, tuple[str, ...]]) -> str:
    for text in ranges:
        digits = re.sub(r"[^0-9]", "", text)
        for size in (1, 2, 3):
            if int(digits[:size] or "0") in regions:
                return regions[int(digits[:size])][0]
    return ""


def _range(text: str, code: str, trunk: str) -> str:
    digits = re.sub(r"[\s().-]", "", text).removeprefix("+")
    if digits.isascii() and digits.isdigit():
        if digits.startswith(code):
            return digits
        if trunk and digits.startswith(trunk):
            return code + digits[len(trunk) :]
    raise ConfigError(
        f"the number range `{text}` is not a prefix of numbers with country code `{code}`",
        hint=f'write country code and first digits, for example "{code}7009"',
    )


def _lengths(ranges: Sequence[str], code: str, valid: re.Pattern[str] | None, plan: _Plan) -> Iterator[int]:
    """Yield the E.164 lengths that numbers of these ranges have; reserved ranges, which no plan assigns, are taken for mobile."""
    for prefix in ranges:
        sizes = [size for n in plan.lengths if (size := len(code) + n) >= len(prefix)]
        fitting = [n for n in sorted(sizes) if valid and any(valid.fullmatch(prefix.ljust(n, fill)) for fill in "0123456789")]
        yield from fitting or [len(code) + n for n in plan.mobile]


def _accounts(pattern: str) -> re.Pattern[str] | None:
    if not pattern:
        return None
    try:
        re.compile(pattern)  # by itself: inside the boundaries an open bracket could swallow them
        return re.compile(rf"(?<![0-9A-Za-z])(?:{pattern})(?![0-9A-Za-z])")
    except re.error as problem:
        raise ConfigError(
            f"the account pattern `{pattern}` is not a regular expression: {problem}", hint=r'for example "LTD-[0-9]{7}"'
        ) from problem


_WRITTEN = re.compile(r"\s*(?:e?tel:)?(\+?[0-9 ()./\u00a0-]+)\s*", re.IGNORECASE)
_SEPARATORS = str.maketrans("", "", "+ ()./\u00a0-")


def normalise(text: str, profile: Profile) -> str | None:
    """Return the E.164 digits of an own number written as E.164, with +, 00, the national prefix or no country code."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    digits = written[1].translate(_SEPARATORS)
    if "+" in written[1]:
        return with_code(digits, profile)
    return with_code(digits, profile) or national(digits, profile) or bare(digits, profile)


def with_code(digits: str, profile: Profile) -> str | None:
    """Return the own number that these digits are, read with a country code (also as 00..., and as in +44 (0)7700...)."""
    code, trunk = profile.code, profile.trunk
    digits = digits.removeprefix("00")
    if not code or not digits.startswith(code):
        return None
    if profile.owns(digits):
        return digits
    short = code + digits[len(code) + len(trunk) :]
    return short if trunk and digits.startswith(code + trunk) and profile.owns(short) else None


def national(digits: str, profile: Profile) -> str | None:
    """Return the own number that these digits are, read as national prefix and national number."""
    trunk = profile.trunk
    number = profile.code + digits[len(trunk) :]
    return number if trunk and digits.startswith(trunk) and profile.owns(number) else None


def bare(digits: str, profile: Profile) -> str | None:
    """Return the own number that these digits are, read without any prefix."""
    number = profile.code + digits
    return number if profile.code and profile.owns(number) else None


def named_spellings(number: str, profile: Profile) -> dict[str, str]:
    """Return the usual spellings of E.164 digits by name; the same text never stands twice."""
    local = number.removeprefix(profile.code)
    spelled = {"e164": number, "+e164": f"+{number}", "00e164": f"00{number}", "national": profile.trunk + local, "bare": local}
    first: dict[str, str] = {}
    for name, text in spelled.items():
        first.setdefault(text, name)
    return {name: text for text, name in first.items()}


def spellings(number: str, profile: Profile) -> tuple[str, ...]:
    """Return the usual spellings of E.164 digits: digits, +, 00, national, without country code."""
    return tuple(named_spellings(number, profile).values())


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit (ISO/IEC 7812) of those before it."""
    values = [int(d) for d in reversed(digits)]
    return (sum(values[::2]) + sum(_DOUBLED[v] for v in values[1::2])) % 10 == 0


def own_imsi(digits: str, profile: Profile) -> str | None:
    """Return the IMSI that these digits are: 15 of them, beginning with the code of an own network."""
    return digits if len(digits) == 15 and profile.networks and digits.startswith(profile.networks) else None


def any_imsi(digits: str) -> str | None:
    """Return the IMSI that these digits may be: 15 of them, beginning with a country (200-799) or a shared network (901)."""
    return digits if len(digits) == 15 and (digits[0] in "234567" or digits.startswith("901")) else None


def imei(digits: str) -> str | None:
    """Return the IMEI of 15 digits with a right check digit, or of 16 (IMEISV, whose handset is the same: one value)."""
    if len(digits) == 15 and luhn(digits):
        return digits
    if len(digits) == 16:
        return next(digits[:14] + check for check in "0123456789" if luhn(digits[:14] + check))
    return None


def own_iccid(digits: str, profile: Profile) -> str | None:
    """Return the ICCID that these digits are, if its issuer is of the operator's country (89, country code, check digit)."""
    issuer = ("89" + profile.code, "89" + profile.code.zfill(2))
    return any_iccid(digits) if profile.code and digits.startswith(issuer) else None


def any_iccid(digits: str) -> str | None:
    """Return the ICCID that these digits are: 19 or 20 of them, beginning with 89, with a right check digit."""
    return digits if len(digits) in {19, 20} and digits.startswith("89") and luhn(digits) else None
