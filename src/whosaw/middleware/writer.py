"""How does a line leave the portal without holding up an answer? Through a bounded queue, and a thread that empties it.

An answer waits for nothing: there is room for it, or it is counted as lost, and a line says how many were as soon as one can.
Its lines are made in the thread, many in a row: in between the portal's work that would cost twice as much.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from whosaw.middleware.lines import Line

BATCH = 512
PAUSE = 0.2
"""Seconds in which lines gather: a thread that woke for each of them would cost more than the lines."""

AGAIN = 1.0
"""Seconds until a sink that refused is tried again."""

PARTING = 2.0
"""Seconds that the end of the process waits for a sink."""


class Sink(Protocol):
    """Where lines go. `write` returns how many of them, from the first on, it has taken; the others are offered again."""

    def write(self, lines: Sequence[Line], /) -> int:
        """Take lines."""
        ...


Page = Callable[[], Sequence[Line]]
"""An answer that waits: it makes its lines when it is its turn."""


class Writer:
    """Hands the lines of answers to a sink, in their order. Each process has its own thread, queue and counts, also after a fork."""

    def __init__(self, sink: Sink, *, size: int, lost_line: Callable[[int], Line], pause: float = PAUSE) -> None:
        """Take a sink, how many answers may wait for it, and how a loss is written."""
        self._sink, self._size, self._lost_line, self._pause = sink, size, lost_line, pause
        self.fresh()
        itself = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _call(itself, "fresh"))
        atexit.register(_call, itself, "close")

    def fresh(self) -> None:
        """Begin anew: what waited at a fork is the parent's to write, and its thread and locks are not there in the child."""
        self._queue: deque[Page] = deque()
        self._batch: list[Line] = []
        self._thread: threading.Thread | None = None
        self._writing, self._counting = threading.Lock(), threading.Lock()
        self._wake, self._end = threading.Event(), threading.Event()
        self.written = self.lost = self.failed = 0
        self._told = 0

    @property
    def waiting(self) -> int:
        """How many answers, and lines of them that the sink has not taken yet, are not written."""
        return len(self._queue) + len(self._batch)

    def put(self, page: Page) -> None:
        """Queue an answer, or count it as lost; never wait."""
        if len(self._queue) >= self._size:
            self._lose()
        else:
            self._queue.append(page)
        if self._thread is None:
            self._start()
        if not self._wake.is_set():
            self._wake.set()

    def flush(self) -> bool:
        """Write all that waits, now and here. Returns whether the sink took everything."""
        with self._writing:
            while self._gathered():
                taken = self._offered()
                del self._batch[:taken]
                self.written += taken
                if self._batch:
                    return False
        return True

    def close(self) -> None:
        """Write what waits, end the thread, and count as lost what the sink does not take even now."""
        self._end.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(PARTING)
        if self._writing.acquire(timeout=PARTING):  # a sink that hangs must not hold the process
            self._writing.release()
            self.flush()
        self.lost += self.waiting
        self._queue.clear()
        self._batch.clear()

    def _start(self) -> None:
        with self._counting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="whosaw-writer", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._end.is_set():
            self._wake.wait()
            self._end.wait(self._pause)
            self._wake.clear()
            if not self.flush():
                self._end.wait(AGAIN)
                self._wake.set()

    def _gathered(self) -> bool:
        """Fill the batch, a loss before everything that came after it; say whether there is anything."""
        if not self._batch:
            lost = self.lost
            if lost > self._told:
                self._batch.append(self._lost_line(lost - self._told))
                self._told = lost
            while self._queue and len(self._batch) < BATCH:
                self._batch += self._made(self._queue.popleft())
        return bool(self._batch)

    def _made(self, page: Page) -> Sequence[Line]:
        try:
            return page()
        except Exception:  # noqa: BLE001 - one page that cannot be told of must not be the end of all others
            self.failed += 1
            self._lose()
            return ()

    def _lose(self) -> None:
        with self._counting:
            self.lost += 1

    def _offered(self) -> int:
        try:
            return self._sink.write(tuple(self._batch))
        except Exception:  # noqa: BLE001 - somebody else's sink may raise anything, and the thread must live
            self.failed += 1
            return 0


def _call(itself: weakref.ref[Writer], method: str) -> None:
    writer = itself()
    if writer is not None:
        getattr(writer, method)()
