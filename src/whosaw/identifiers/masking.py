"""How is an identifier shown to someone who need not know it? As a mask that tells two of them apart and gives neither away."""

from __future__ import annotations

import re

from whosaw.identifiers.wrappings import layers

_GAP = "…"
_LONGEST_TOKEN = 4_096
"""A token longer than this is masked without looking inside: an excerpt needs none of it."""

_DIGITS = re.compile(r"\+?[0-9]+")
_RUN = re.compile(r"[0-9]{7,}")
_SPACED = re.compile(r"(?<![0-9A-Za-z.:/-])(?:\+|0)[0-9](?:[ ().\u00a0-]{0,3}[0-9]){6,}")
_EMAIL = re.compile(r"[^\s\"'<>()\[\],;:=&?/\\@]{1,64}(?:@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*)+")
_DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32,}(?![0-9A-Za-z])")
_TOKEN = re.compile(r"[^\s\"'<>&;,=?{}()\[\]|:/]{8,}")
_TELLING = re.compile(r"[0-9]{7}|[^\s@]@[A-Za-z0-9-]+\.[A-Za-z]")


def mask(value: str, kind: str = "") -> str:
    """Return a mask of a value: first 4 and last 2 of a number, initials of an e-mail, first and last sign of anything else.

    Shorter values show less: of seven digits or more at least four stay hidden, of three all. No mask contains its value.
    """
    if kind == "email" or (not kind and "@" in value):
        masked = _mask_email(value)
    elif _DIGITS.fullmatch(value):
        plus = "+" if value.startswith("+") else ""
        masked = plus + _ends(value.removeprefix("+"), number=True)
    else:
        masked = _ends(value, number=False)
    return masked if value not in masked else "*" * 3 if value != "*" * 3 else _GAP


def _ends(text: str, *, number: bool) -> str:
    size = len(text)
    if number and size >= 10:
        return text[:4] + _GAP + text[-2:]
    if number and size >= 7:
        return text[:2] + _GAP + text[-1:]
    if size >= 4:
        return text[:1] + _GAP + text[-1:]
    return _GAP


def _mask_email(value: str) -> str:
    mailbox, _, domain = value.rpartition("@")
    host, _, top = domain.rpartition(".")
    return f"{_initial(mailbox)}@{_initial(host or top)}{'.' + top if host else ''}"


def _initial(text: str) -> str:
    return (text[0] if len(text) > 1 else "") + _GAP


def mask_runs(text: str) -> str:
    """Return a text for people in which every run of 7 digits or more, e-mail, digest and wrapped number is masked."""
    text = _TOKEN.sub(_mask_token, text)
    text = _EMAIL.sub(lambda match: mask(match[0], "email"), text)
    # a digest of a phone number is undone in minutes, so it is shown no more than the number
    text = _DIGEST.sub(_mask_match, text)
    text = _SPACED.sub(lambda match: mask(re.sub(r"[^0-9+]", "", match[0])), text)
    return _RUN.sub(_mask_match, text)


def _mask_match(match: re.Match[str]) -> str:
    return mask(match[0])


def _mask_token(match: re.Match[str]) -> str:
    token = match[0]
    hides = len(token) > _LONGEST_TOKEN or any(layer.path and _TELLING.search(layer.text) for layer in layers(token))
    return mask(token, "token") if hides else token
