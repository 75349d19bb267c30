"""How does a page learn whose it is? Over one connection to the session store, which all pages share: the place where replies get mixed up."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.drill.live.sessions import Session

ROUND_TRIP = 0.004
"""Seconds between a question and its reply: what makes questions overlap."""


class SharedConnection:
    """Asks the session store whose page a session opens.

    A client library that does not clean up after a cancelled question hands its reply to whoever asks next (redis-py, March 2023).
    Here the share of questions that get a wrong reply can be set, and is counted out: with 0.002, every five hundredth question that
    overlaps with another session's, or follows one that was given up, gets the other's reply.
    """

    def __init__(self, share: float | None) -> None:
        """Connect; without a share every reply finds its question."""
        self._every = round(1 / share) if share else 0
        self._waiting: Counter[Session] = Counter()
        self._left_behind: Session | None = None
        self._overlaps = 0
        self._lock = threading.Lock()

    def ask(self, session: Session, gone: Callable[[], bool]) -> tuple[str, bool]:
        """Return the account whose page is shown, and whether the reply was meant for another question."""
        with self._lock:
            self._waiting[session] += 1
        time.sleep(ROUND_TRIP)
        with self._lock:
            reply = self._reply(session)
            self._waiting[session] -= 1
            if not self._waiting[session]:
                del self._waiting[session]
            if self._every and gone():
                self._left_behind = session
        return reply.account, reply is not session

    def _reply(self, session: Session) -> Session:
        others = [other for other in (self._left_behind, *self._waiting) if other is not None and other.account != session.account]
        self._left_behind = None
        if not self._every or not others:
            return session
        self._overlaps += 1
        return others[0] if self._overlaps % self._every == 0 else session
