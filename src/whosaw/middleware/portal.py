"""What becomes of a request? A visit notes whose data it used, decides whether the page may go out, and leaves its lines.

Nothing that goes wrong here breaks the portal: it is counted, and the page goes out; only `fail_closed` has it held back instead.
"""

from __future__ import annotations

import inspect
import logging
import os
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Container
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal
from weakref import WeakMethod

from whosaw.middleware.lines import Asked, Keys, Outcome, SettingError, in_clear, key_of, lines, lost
from whosaw.middleware.note import Notebook, Unheard, opened
from whosaw.middleware.sink import sink_of
from whosaw.middleware.writer import Writer

log = logging.getLogger("whosaw.middleware")

Own = Container[str] | None
"""Customers that a request may be shown; nothing if that cannot be said."""

REFUSED = b"This page was held back: it did not belong to your session.\n"
REFUSED_HEADERS = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(REFUSED))), ("Cache-Control", "no-store")]

UNDECIDED = "nobody could say whose page this may be"


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - nobody who calls us has a clock to give


class Counts:
    """How often something happened in this process."""

    def __init__(self) -> None:
        self._fresh()
        mine = WeakMethod(self._fresh)
        os.register_at_fork(after_in_child=lambda: (fresh := mine()) and fresh())

    def _fresh(self) -> None:
        self._lock, self._counts = threading.Lock(), Counter[str]()

    def add(self, *names: str) -> None:
        """Count each once more."""
        with self._lock:
            for name in names:
                self._counts[name] += 1

    def __getitem__(self, name: str) -> int:
        return self._counts[name]


@dataclass(eq=False)
class Portal:
    """How a portal is watched: where lines go, under which key, and what is done with a page that is not the session's own.

    `recipient`, `session`, `client` and `route` say of a framework's request what the framework itself says wrongly or not at all.
    `own` says which customers a request may be shown; it may be a coroutine function where the framework is asynchronous.
    """

    sink: Any = field(repr=False)
    _: KW_ONLY
    key_file: str | Path | None = field(default=None, repr=False)
    key: bytes = field(default=b"", repr=False)
    clear: bool = False
    grade: Literal["report", "block"] = "report"
    own: Callable[[Any], Own | Awaitable[Own]] | None = field(default=None, repr=False)
    counted: Literal["used", "shown"] = "used"
    fail_closed: bool = False
    recipient: Callable[[Any], object] | None = field(default=None, repr=False)
    session: Callable[[Any], object] | None = field(default=None, repr=False)
    client: Callable[[Any], object] | None = field(default=None, repr=False)
    route: Callable[[Any], object] | None = field(default=None, repr=False)
    limit: int = 100
    queue: int = 10_000
    clock: Callable[[], datetime] = field(default=_now, repr=False)

    def __post_init__(self) -> None:
        """Check what was said, and make ready."""
        if self.grade not in {"report", "block"} or self.counted not in {"used", "shown"}:
            raise SettingError("unknown grade or count\n\nhint: grade is `report` or `block`, counted is `used` or `shown`")
        if self.grade == "block" and self.own is None:
            raise SettingError("nothing says whose page is whose\n\nhint: to block, `own` must say which customers a request may be shown")
        if self.limit < 1 or self.queue < 1:
            raise SettingError("`limit` and `queue` must be at least 1")
        self._key = self._keyed()
        self.key = b""
        self.counts = Counts()
        self.writer = Writer(sink_of(self.sink), size=self.queue, lost_line=lambda n: lost(n, key=self._key, now=self.clock()))

    @property
    def holds(self) -> bool:
        """Whether an answer is held until it is known whose page it is."""
        return self.grade == "block"

    def visit(self, request: Any) -> Visit:  # noqa: ANN401 - a framework's request
        """Return the visit of a request that has just come in."""
        return Visit(self, request)

    def said(self, name: str, request: Any, otherwise: Callable[[], object]) -> str:  # noqa: ANN401 - a framework's request
        """Return what a setting says of a request, or else what the framework says; of what fails, nothing."""
        asked: Callable[[Any], object] | None = getattr(self, name)
        try:
            value = otherwise() if asked is None else asked(request)
            return "" if value is None else str(value)
        except Exception as problem:  # noqa: BLE001 - no fault of ours, or of a setting, may break a page
            self.failed(problem)
            return ""

    def failed(self, problem: Exception) -> None:
        """Count a fault, and name its kind alone: its text may hold an identifier."""
        self.counts.add("errors")
        log.warning("the middleware failed with %s; the portal goes on", type(problem).__name__)

    def health(self) -> dict[str, int]:
        """Return this process's counts, for a page of metrics."""
        writer = self.writer
        own = {name: self.counts[name] for name in ("pages", "foreign", "stopped", "late", "undecided", "errors")}
        there = {"written": writer.written, "waiting": writer.waiting, "lost": writer.lost, "sink_errors": writer.failed}
        return own | there | {"unheard": Unheard.count}

    def flush(self) -> bool:
        """Write all lines that wait; say whether that worked."""
        return self.writer.flush()

    def close(self) -> None:
        """Write all lines that wait, and end."""
        self.writer.close()

    def put(self, notebook: Notebook, asked: Asked, outcome: Outcome) -> None:
        """Queue an answer. Its notes are complete; what is clear in them is in memory alone, until its turn comes."""
        notebook.close()
        self.writer.put(partial(lines, notebook, asked, outcome, key=self._key, now=self.clock(), limit=self.limit))
        happened = (("foreign", outcome.foreign), ("stopped", outcome.stopped), ("late", outcome.late), ("undecided", outcome.why))
        self.counts.add("pages", *[name for name, so in happened if so])

    def _keyed(self) -> Callable[[str, str], str]:
        if self.key_file or self.key:
            return Keys(self.key or key_of(Path(self.key_file or "")))
        if self.clear:
            return in_clear
        raise SettingError("without a key, customers would be logged in clear\n\nhint: name the ledger's `key_file`, or say `clear=True`")


class Visit:
    """One request on its way through the portal. `stops` is asked once, before the first byte is sent; `end` says what came of it."""

    def __init__(self, portal: Portal, request: Any) -> None:  # noqa: ANN401 - a framework's request
        """Take a request, and open its notebook."""
        self._portal, self._request = portal, request
        self.notebook = Notebook()
        self._own: Own = None
        self._asked = self.ended = self.stopped = False
        self._seen: frozenset[str] = frozenset()
        self._why = ""

    def opened(self) -> opened:
        """Let what runs below write to the notebook."""
        return opened(self.notebook)

    @property
    def asks(self) -> bool:
        """Whether it is still to be asked whose page this may be: an asynchronous framework awaits `ask_async` before it goes on."""
        return not self._asked and self._portal.own is not None and bool(self.notebook)

    def stops(self) -> bool:
        """Say whether the page must not go out. One on which nobody was noted belongs to nobody, and goes out."""
        if self._portal.holds and self.notebook:
            self._ask()
            self._seen = self._foreign()
            self.stopped = bool(self._seen) or (bool(self._why) and self._portal.fail_closed)
        return self.stopped

    def end(self, asked: Callable[[], Asked], status: int | None) -> None:
        """Leave the lines of the answer. What the framework says is asked only if somebody was noted; the second time does nothing."""
        if self.ended:
            return
        self.ended = True
        if not self.notebook:
            self.notebook.close()
            return
        self._ask()
        try:
            self._put(asked(), status)
        except Exception as problem:  # noqa: BLE001 - no fault of ours, or of a setting, may break a page
            self._portal.failed(problem)

    def _ask(self) -> None:
        own = self._portal.own
        if own is not None and not self._asked:
            try:
                self._said(_at_once(own(self._request)))
            except Exception as problem:  # noqa: BLE001 - no fault of ours, or of a setting, may break a page
                self._portal.failed(problem)
                self._said(None)

    async def ask_async(self) -> None:
        """Ask whose page this may be, and wait for the answer where it is to be waited for."""
        own, said = self._portal.own, None
        try:
            said = own(self._request) if own else None
            if inspect.isawaitable(said):
                said = await said
        except Exception as problem:  # noqa: BLE001 - no fault of ours, or of a setting, may break a page
            self._portal.failed(problem)
            said = None
        self._said(said)

    def _said(self, own: Own) -> None:
        self._asked, self._own = True, own
        self._why = "" if own is not None else UNDECIDED

    def _foreign(self) -> frozenset[str]:
        """Return the customers who should not be there. Where nobody says whose page it may be, there are none, and the line says so."""
        own = self._own
        if own is None:
            return frozenset()
        loaded_counts = self._portal.counted == "used"
        try:
            return frozenset(
                [name for name, note in list(self.notebook.notes.items()) if (loaded_counts or note.shown) and name not in own]
            )
        except Exception as problem:  # noqa: BLE001 - `own` may answer with anything
            self._portal.failed(problem)
            self._said(None)
            return frozenset()

    def _put(self, asked: Asked, status: int | None) -> None:
        nothing_new = self._portal.holds and not self.notebook.laid
        foreign = self._seen if nothing_new else self._foreign()
        late = foreign - self._seen if self._portal.holds and not self.stopped else frozenset()
        outcome = Outcome(status=status, stopped=self.stopped, foreign=foreign, late=late, why=self._why)
        self._portal.put(self.notebook, asked, outcome)


def _at_once(own: Own | Awaitable[Own]) -> Own:
    """Return what is there already: who cannot wait cannot be told later."""
    if inspect.iscoroutine(own):
        own.close()
    if inspect.isawaitable(own):
        raise TypeError("own is asynchronous, and the framework is not")
    return own
