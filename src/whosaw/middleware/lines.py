"""What does one answer become in the log? A line for each customer, under the ledger's pseudonyms, as the reader `edge` takes it.

The pseudonym of a value is the first 64 bits of SHA-256(secret, domain, value), as the ledger's own: with the same secret both meet.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from whosaw.middleware.note import Note, Notebook

Line = dict[str, Any]
"""One line of the log before it is written: names and values of JSON."""

DATA = ("number", "identity", "contact", "account", "bill", "call_detail", "location", "device", "content", "credentials")
"""The data classes that a line may name; the reader passes over all others."""

LETTERS = {"customer": "c", "recipient": "r", "session": "s", "client": "a", "object": "o", "device": "d"}
"""Domains of pseudonyms, with the letter each is keyed and written with."""

SECRET_BYTES = 32
RECENT = 4096
"""Pseudonyms that are kept at hand."""

FOREIGN = "foreign"
LATE = "foreign, noted after the page had begun"

_IDENTIFYING = re.compile(r"/([^/]*[^/A-Za-z._~-][^/]*|[^/]{25,})")
_PLACEHOLDER = re.compile(r"<(?:[^<>:]*:)?([^<>:]+)>|\{([^{}:]+):[^{}]*\}")
_KEYED = ("session", "sets_session", "filler_session", "client", "device", "recipient")


class SettingError(ValueError):
    """The portal was set up in a way that cannot work, or that would log customers in clear."""


class Keys:
    """Gives values their pseudonyms. The secret never appears in `repr`."""

    __slots__ = ("_begins", "_recent")

    def __init__(self, secret: bytes) -> None:
        """Take the ledger's secret."""
        if len(secret) != SECRET_BYTES:
            raise SettingError(f"the key has {len(secret)} bytes, expected {SECRET_BYTES}\n\nhint: give `key_file` the ledger's key file")
        self._begins = {domain: secret + f"{letter}\x1f".encode() for domain, letter in LETTERS.items()}
        self._recent = lru_cache(RECENT)(self._made)  # whoever looks at one page looks at more

    def __repr__(self) -> str:
        return "Keys(secret=…)"

    def __reduce__(self) -> str:
        raise TypeError("keys are not written down: they would carry their secret along")

    def __call__(self, domain: str, value: str) -> str:
        """Return the pseudonym of a value, whole: the domain's letter and 16 hexadecimal digits; of nothing, nothing."""
        return self._recent(domain, value) if value else ""

    def _made(self, domain: str, value: str) -> str:
        digest = hashlib.sha256(self._begins[domain] + value.encode("utf-8", "surrogatepass"))
        return f"{LETTERS[domain]}:{digest.hexdigest()[:16]}"


def in_clear(domain: str, value: str) -> str:  # noqa: ARG001 - stands where `Keys` stands
    """Return a value as it is. Only who says `clear=True` gets this."""
    return value


def key_of(path: Path) -> bytes:
    """Return the secret of a key file: 64 hexadecimal digits, as whosaw writes them."""
    try:
        return bytes.fromhex(Path(path).read_text(encoding="ascii").strip())
    except (OSError, ValueError) as problem:
        raise SettingError(
            f"cannot read the key file `{path}`: {type(problem).__name__}\n\nhint: expected 64 hexadecimal digits, readable by the portal"
        ) from None


class Asked(NamedTuple):
    """What the framework knows of a request and its answer. Identifiers are clear here, and leave this room as pseudonyms alone."""

    method: str = ""
    host: str = ""
    route: str = ""
    client: str = ""
    device: str = ""
    session: str = ""
    sets_session: str = ""
    recipient: str = ""

    def __repr__(self) -> str:
        """Name nobody."""
        return f"Asked(route={self.route!r})"


class Outcome(NamedTuple):
    """What came of a request: its status, whether it was stopped, whose data it should not have held, and why that is not known."""

    status: int | None = None
    stopped: bool = False
    foreign: Collection[str] = ()
    late: Collection[str] = ()
    why: str = ""

    def __repr__(self) -> str:
        """Name nobody."""
        return f"Outcome(status={self.status}, stopped={self.stopped})"


def lines(notebook: Notebook, asked: Asked, outcome: Outcome, *, key: Callable[[str, str], str], now: datetime, limit: int) -> list[Line]:
    """Return the lines of an answer: one for each customer up to `limit`, and one that counts those beyond it; none for nobody's page.

    The customers who should not be there come first, so that the limit never hides them behind others.
    """
    notes = notebook.close()
    if not notes:
        return []
    shared = _shared(notebook, asked, outcome, key, now)
    first = [customer for customer in (*outcome.foreign, *outcome.late) if customer in notes]
    ordered = list(dict.fromkeys([*first, *notes]))
    found = [
        shared | {"customer": key("customer", customer), "why": _why(customer, outcome)} | _facts(notes[customer])
        for customer in ordered[:limit]
    ]
    if ordered[limit:]:
        found.append(shared | uncounted("more customers", len(ordered) - limit, key))
    return [_filled(line) for line in found]


def uncounted(what: str, count: int, key: Callable[[str, str], str]) -> Line:
    """Return the part of a line that stands for others. It names an object that nobody owns: the judge says of it `cannot judge`."""
    return {"object": key("object", what), "records": count, "why": what}


def lost(count: int, *, key: Callable[[str, str], str], now: datetime) -> Line:
    """Return the line that says how many pages there was no room for."""
    return {"seen_at": moment(now), "service": "portal", "outcome": "lost"} | uncounted("pages lost", count, key)


def moment(time: datetime) -> str:
    """Return a time as the lines hold it, in UTC."""
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")


def route_of(template: str) -> str:
    """Return a route's template in the spelling of the settings: `/lines/{number}` for `lines/<int:number>` and `/lines/{number:int}`."""
    return "/" + _PLACEHOLDER.sub(lambda found: f"{{{found[1] or found[2]}}}", template).lstrip("/")


def shape_of(path: str) -> str:
    """Return an address without a template with everything that looks like an identifier left out."""
    return _IDENTIFYING.sub("/{id}", path)


def _shared(notebook: Notebook, asked: Asked, outcome: Outcome, key: Callable[[str, str], str], now: datetime) -> Line:
    """Return what the lines of one answer have in common."""
    texts = {name: getattr(asked, name, "") for name in _KEYED} | {"filler_session": notebook.made_for}
    texts["recipient"] = notebook.recipient or asked.recipient
    texts["session"] = notebook.session or asked.session
    named = [*notebook.notes, texts["recipient"], texts["session"]]
    return {
        "seen_at": moment(now),
        "service": "portal",
        "outcome": "stopped" if outcome.stopped else "shown",
        "request": os.urandom(8).hex(),
        "site": asked.host[:255],
        "route": _nameless(asked.route, named),
        "method": asked.method[:16],
        # what was stopped was answered by us: the portal's own status was never sent
        "status": None if outcome.stopped else outcome.status,
        "cache": "hit" if notebook.from_cache else "",
    } | {name: key(_domain(name), text) for name, text in texts.items()}


def _domain(name: str) -> str:
    return "session" if name.endswith("_session") else name


def _nameless(route: str, named: Collection[str]) -> str:
    """Return a route without anybody named in it: a login of letters alone looks like any other word of an address."""
    parts = ["{id}" if part and part in named else part for part in route.split("/")]
    return "/".join(parts)


def _why(customer: str, outcome: Outcome) -> str:
    if customer in outcome.late:
        return LATE
    return FOREIGN if customer in outcome.foreign else outcome.why


def _facts(note: Note) -> Line:
    """Return what is known of one customer. `place` says how: the portal said that it was shown, or it was loaded and may have been."""
    return {
        "place": "shown" if note.shown else ":".join(["used", *sorted(note.places)]),
        "data": ",".join(name for name in DATA if name in note.data),
        "records": note.records if note.shown else note.loaded,
        "data_from": moment(note.data_from) if note.data_from else "",
        "data_to": moment(note.data_to) if note.data_to else "",
        "claim": note.claim[:255],
    }


def _filled(line: Mapping[str, Any]) -> Line:
    return {name: value for name, value in line.items() if value}
