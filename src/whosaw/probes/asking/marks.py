"""Was this answer somebody else's? The owner's private marker in it is the proof, wherever it stands and whatever the status.

What the request itself carried is no proof: many pages repeat the id that was asked for.
"""

from __future__ import annotations

import base64
import html
import json
import re
import string
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote_plus

from whosaw.config.probing import Identity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whosaw.probes.asking.wire import Answer, Request

_CONTEXT = 24
_LETTERS = string.ascii_letters + string.digits
_GAPS = r"[ .()/\u00a0-]?"


@dataclass(frozen=True, slots=True, repr=False)
class Sighting:
    """A mark of `owner` that stood in an answer: where (`body`, `header:Location`), and what stood around it in the clear text."""

    owner: Identity
    mark: str
    place: str
    before: str = ""
    after: str = ""
    wrapped: bool = False

    def __repr__(self) -> str:
        return f"Sighting({self.owner.name}, {self.place})"


def sightings(answer: Answer, request: Request, owners: Iterable[Identity]) -> list[Sighting]:
    """Return, for each owner, the first of its marks that stands in the answer and was not sent along with the request."""
    sent = _sent(request)
    texts = [("body", answer.text), *((f"header:{name}", value) for name, value in answer.headers)]
    found = []
    for owner in owners:
        wanted = [mark for mark in (*owner.canaries, owner.marker) if not _pattern(mark).search(sent)]
        seen = next((hit for mark in wanted for place, text in texts if (hit := _in(text, place, mark, owner))), None)
        if seen is not None:
            found.append(seen)
    return found


def shows(answer: Answer, request: Request, owner: Identity) -> bool:
    """Whether an answer shows a mark of the owner."""
    return bool(sightings(answer, request, (owner,)))


def self_pattern(pages: list[tuple[str, str]]) -> str:
    """Return a pattern for whose page it is, learned from pages and the marker on each: what stands around all of them alike.

    Nothing where the surroundings differ or say too little.
    """
    around = []
    for text, marker in pages:
        hit = _pattern(marker).search(text)
        if hit is None:
            return ""
        around.append((text[max(0, hit.start() - _CONTEXT) : hit.start()], text[hit.end() : hit.end() + _CONTEXT]))
    before = _shared([left[::-1] for left, _ in around])[::-1]
    before = before.lstrip(_LETTERS)  # two names may end alike by chance
    after = _shared([right for _, right in around])
    if len(pages) < 2 or len(before) < 3 or not after or after[0].isalnum():
        return ""
    pattern = f"{re.escape(before)}([^\\n]{{1,64}}?){re.escape(after[:3])}"
    firsts = [re.search(pattern, text) for text, _ in pages]
    # what stands in the first cell of any table says nothing
    return pattern if all(hit and hit[1] == marker for hit, (_, marker) in zip(firsts, pages, strict=True)) else ""


def alike(value: str, markers: Iterable[str]) -> bool:
    """Whether a value is written like one of the markers: `A-1077` like `A-1001`, but not `try again later`."""
    return _shape(value) in set(map(_shape, markers))


def _shape(value: str) -> str:
    return re.sub(r"[A-Za-z]+", "a", re.sub(r"[0-9]+", "9", value))


def _shared(texts: list[str]) -> str:
    shortest = min(texts, key=len)
    return next((shortest[:i] for i in range(len(shortest)) if len({text[i] for text in texts}) > 1), shortest)


def _sent(request: Request) -> str:
    """Return all that the request carries, once as it stands and once without escapes. Credentials are no carrier of ids."""
    headers = [value for name, value in request.headers if name.lower() not in {"cookie", "authorization"}]
    text = "\n".join([request.url, request.body.decode("utf-8", "replace"), *headers])
    return f"{text}\n{unquote_plus(unquote_plus(text))}"


def _in(text: str, place: str, mark: str, owner: Identity) -> Sighting | None:
    hit = _pattern(mark).search(text)
    if hit is not None:
        before, after = text[max(0, hit.start() - _CONTEXT) : hit.start()], text[hit.end() : hit.end() + _CONTEXT]
        return Sighting(owner, mark, place, before, after)
    return Sighting(owner, mark, place, wrapped=True) if any(form in text for form in _disguised(mark)) else None


@lru_cache(maxsize=1024)
def _pattern(mark: str) -> re.Pattern[str]:
    """Return a pattern for a mark as it stands or escaped, and not as a piece of a longer word; digits may be grouped."""
    bare = mark.lstrip("+")
    if re.fullmatch(r"[0-9]{7,}", bare):
        return re.compile(rf"(?<![0-9A-Za-z]){_GAPS.join(bare)}(?![0-9A-Za-z])")
    forms = {mark, html.escape(mark), html.escape(mark, quote=False), json.dumps(mark)[1:-1], quote(mark, safe=""), quote_plus(mark)}
    forms |= {form.replace("&#x27;", "&#39;") for form in forms}
    ways = "|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    return re.compile(rf"(?<![0-9A-Za-z])(?:{ways})(?![0-9A-Za-z])", re.IGNORECASE)


@lru_cache(maxsize=1024)
def _disguised(mark: str) -> tuple[str, ...]:
    """Return the mark in base64 at each of three alignments (without the ends, which the neighbours change) and in hexadecimal."""
    raw = mark.encode()
    if len(raw) < 8:
        return ()
    wrapped = []
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        inner = coded[-(-shift * 8 // 6) : -2]
        wrapped += [inner, inner.replace("+", "-").replace("/", "_")]
    return tuple(dict.fromkeys([*wrapped, raw.hex(), raw.hex().upper()]))
