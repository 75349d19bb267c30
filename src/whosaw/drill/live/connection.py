"""How does a page learn whose it is? Over one connection to the session store, which all pages share: the place where replies get mixed up."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from whosaw.drill.live.sessions import Session

ROUND_TRIP = 0.004
"""Seconds between a question and its reply: what makes questions overlap."""

LINGERS = 0.05
"""Seconds for which a question counts as next to another: what was asked so lately may still lie in the connection's buffer."""


class _Asked(NamedTuple):
    session: Session
    at: float


class SharedConnection:
    """Asks the session store whose page a session opens.

    A client library that does not clean up after a cancelled question hands its reply to whoever asks next (redis-py, March 2023).
    Here the share of questions that get a wrong reply can be set, and is counted out: with 0.002, every five hundredth question that
    stands next to another customer's, or follows one that was given up, gets the other's reply, and the 250th is the first.
    """

    def __init__(self, share: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Connect; without a share every reply finds its question."""
        self._clock = clock
        self._every = round(1 / share) if share else 0
        self._next_to = self._every // 2
        self._lately: deque[_Asked] = deque(maxlen=16)
        self._left_behind: Session | None = None
        self._lock = threading.Lock()

    def ask(self, session: Session, gone: Callable[[], bool]) -> tuple[str, bool]:
        """Return the account whose page is shown, and whether the reply was meant for another question."""
        with self._lock:
            self._lately.append(_Asked(session, self._clock()))
        time.sleep(ROUND_TRIP)
        with self._lock:
            reply = self._reply(session) if self._every else session
            if self._every and gone():
                self._left_behind = session
        return reply.account, reply is not session

    def _reply(self, session: Session) -> Session:
        since = self._clock() - ROUND_TRIP - LINGERS
        near = [asked.session for asked in reversed(self._lately) if asked.at > since]
        others = [other for other in (self._left_behind, *near) if other is not None and other.account != session.account]
        self._left_behind = None
        if not others:
            return session
        self._next_to += 1
        return others[0] if self._next_to % self._every == 0 else session
