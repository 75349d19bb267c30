"""Whose data did this request use? One notebook per request, which everything that runs for the request writes to.

The notebook is found through a context variable: threads and tasks that carry the request's context share it, all others have none.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_open: ContextVar[Notebook | None] = ContextVar("whosaw_notebook", default=None)


@dataclass(slots=True)
class Note:
    """What is known of one customer in one request. `loaded` records came from the database, `records` were said to be shown."""

    shown: bool = False
    places: list[str] = field(default_factory=list)
    data: set[str] = field(default_factory=set)
    loaded: int = 0
    records: int = 0
    data_from: datetime | None = None
    data_to: datetime | None = None
    claim: str = ""


class Notebook:
    """The notes of one request, by customer. Once closed it takes no more: whatever runs then shows nothing of this answer."""

    __slots__ = ("_lock", "closed", "from_cache", "made_for", "notes", "recipient", "session")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.notes: dict[str, Note] = {}
        self.recipient = self.session = self.made_for = ""
        self.from_cache = self.closed = False

    def __repr__(self) -> str:
        """Say how much is noted, and of nobody what."""
        return f"Notebook({len(self.notes)} customers)"

    def used(self, customer: str, place: str, data: Iterable[str]) -> None:
        """Note a record that was loaded."""
        with self._lock:
            note = self._of(customer)
            note.loaded += 1
            if place and place not in note.places:
                note.places.append(place)
            note.data.update(data)

    def shown(self, customer: str, new: Note) -> None:
        """Note what is shown, in addition to what was noted before."""
        with self._lock:
            note = self._of(customer)
            note.shown = True
            note.data |= new.data
            note.records += new.records
            note.claim = new.claim or note.claim
            note.data_from = min(filter(None, (note.data_from, new.data_from)), default=None)
            note.data_to = max(filter(None, (note.data_to, new.data_to)), default=None)

    def close(self) -> dict[str, Note]:
        """Return the notes, which are complete now."""
        with self._lock:
            self.closed = True
            return self.notes

    def _of(self, customer: str) -> Note:
        note = self.notes.get(customer)
        if note is None:
            note = self.notes[customer] = Note()
        return note


class Unheard:
    """How often something was said to be shown where no request was being answered: no line can tell of it."""

    count = 0


@contextmanager
def opened(notebook: Notebook) -> Iterator[None]:
    """Let everything that runs below, in this context and its copies, write to a notebook."""
    token = _open.set(notebook)
    try:
        yield
    finally:
        _open.reset(token)


def current() -> Notebook | None:
    """Return the notebook of the request that is being answered here."""
    notebook = _open.get()
    return None if notebook is None or notebook.closed else notebook


def shown(
    customer: object,
    *,
    data: str | Iterable[str] = (),
    records: int = 0,
    since: datetime | None = None,
    until: datetime | None = None,
    claim: str = "",
) -> None:
    """Say that the page shows a customer's data: which classes, how many records, of which period, and what justifies it.

    The customer is written as the registries write it. Nobody (`None` or an empty text) is no customer, and nothing is noted.
    """
    name = _name(customer)
    if not name:
        return
    notebook = current()
    if notebook is None:
        Unheard.count += 1
        return
    classes = {data} if isinstance(data, str) else set(data)
    notebook.shown(name, Note(data=classes - {""}, records=records, data_from=since, data_to=until, claim=claim))


def used(customer: object, *, place: str = "", data: Iterable[str] = ()) -> None:
    """Say that a record of a customer was loaded, whether it is shown or not. Outside a request nothing is noted."""
    notebook = current()
    if notebook is not None:
        name = _name(customer)
        if name:
            notebook.used(name, place, data)


def asked_by(recipient: object = "", *, session: object = "") -> None:
    """Say who is asking, where the portal knows it better than the framework: from the token, not from the record that is shown."""
    notebook = current()
    if notebook is not None:
        notebook.recipient = _name(recipient) or notebook.recipient
        notebook.session = _name(session) or notebook.session


def cached(*, made_for: object = "") -> None:
    """Say that the page, or its personal part, came from a cache of the portal's own, and for which session it was made."""
    notebook = current()
    if notebook is not None:
        notebook.from_cache, notebook.made_for = True, _name(made_for)


def _name(value: object) -> str:
    return "" if value is None else str(value)
