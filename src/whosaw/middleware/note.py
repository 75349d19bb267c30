"""Whose data did this request use? One notebook per request, which everything that runs for the request writes to.

The notebook is found through a context variable: threads and tasks that carry the request's context share it, all others have none.
"""

from __future__ import annotations

import threading
from collections import deque
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_open: ContextVar[Notebook | None] = ContextVar("whosaw_notebook", default=None)


GATHERED = 10_000
"""Notes that may wait to be added up: a page that goes through a million rows must not keep a million of them."""


class Load(NamedTuple):
    """How a customer's record came: from which model, and what its rows hold."""

    place: str = ""
    data: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
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

    def load(self, new: Load, rows: int) -> None:
        """Add rows that were loaded."""
        self.data.update(new.data)
        self.loaded += rows
        if new.place and new.place not in self.places:
            self.places.append(new.place)

    def show(self, new: Note) -> None:
        """Add what is shown."""
        self.shown = True
        self.data.update(new.data)
        self.records += new.records
        self.claim = new.claim or self.claim
        if new.data_from is not None:
            self.data_from = min(self.data_from or new.data_from, new.data_from)
        if new.data_to is not None:
            self.data_to = max(self.data_to or new.data_to, new.data_to)


class Notebook:
    """The notes of one request. Once closed it takes no more: whatever runs then shows nothing of this answer.

    A note is only laid down where it is made, which costs a row next to nothing and needs no lock; it is added up when it is asked for.
    """

    __slots__ = ("_adding", "_notes", "closed", "from_cache", "laid", "made_for", "recipient", "session")

    def __init__(self) -> None:
        self._adding = threading.Lock()
        self.laid: deque[tuple[object, Load | Note]] = deque()
        self._notes: dict[str, Note] = {}
        self.recipient = self.session = self.made_for = ""
        self.from_cache = self.closed = False

    def __repr__(self) -> str:
        """Say how much is noted, and of nobody what."""
        return f"Notebook({len(self.notes)} customers)"

    def __bool__(self) -> bool:
        """Whether anybody is noted."""
        return bool(self.laid or self._notes)

    @property
    def notes(self) -> dict[str, Note]:
        """What is noted so far, by customer."""
        if self.laid:
            self.add_up()
        return self._notes

    def close(self) -> dict[str, Note]:
        """Return the notes, which are complete now."""
        self.closed = True
        return self.notes

    def add_up(self) -> None:
        """Add what was laid down to the notes."""
        with self._adding:
            laid = [self.laid.popleft() for _ in range(len(self.laid))]
            for (customer, new), same in groupby(laid):  # the rows of a query are mostly those of one customer
                name = str(customer)
                if not name:
                    continue
                note = self._notes.get(name)
                if note is None:
                    note = self._notes[name] = Note()
                if isinstance(new, Load):
                    note.load(new, len(list(same)))
                else:
                    note.show(new)


class Unheard:
    """How often something was said to be shown where no request was being answered: no line can tell of it."""

    count = 0


class opened:  # noqa: N801 - stands where a context manager's function would
    """Lets everything that runs below, in this context and its copies, write to a notebook."""

    __slots__ = ("_notebook", "_token")

    def __init__(self, notebook: Notebook) -> None:
        """Take the notebook."""
        self._notebook = notebook

    def __enter__(self) -> None:
        self._token = _open.set(self._notebook)

    def __exit__(self, *_: object) -> None:
        _open.reset(self._token)


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
    notebook.laid.append((name, Note(data=classes - {""}, records=records, data_from=since, data_to=until, claim=claim)))


def used(customer: object, *, place: str = "", data: Iterable[str] = ()) -> None:
    """Say that a record of a customer was loaded, whether it is shown or not. Outside a request nothing is noted."""
    noting(Load(place, tuple(data)))(customer)


def noting(load: Load) -> Callable[[object], None]:
    """Return what notes a row of some kind for its owner, in the few steps that each of thousands of rows may take."""
    get = _open.get

    def note(customer: object) -> None:
        notebook = get()
        if notebook is not None and customer is not None and not notebook.closed:
            notebook.laid.append((customer, load))
            if len(notebook.laid) > GATHERED:
                notebook.add_up()

    return note


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
