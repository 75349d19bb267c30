"""May this request be sent, and when? The only way to the system: hosts, hours, rate, total and storms are kept here and nowhere else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from whosaw.config.tables import seconds
from whosaw.probes.asking.wire import Answer, origin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from whosaw.config.probing import Budget
    from whosaw.probes.asking.wire import Request, Transport

_SLOW_DOWN = {429, 503}
_TRIES = 3


class Over(Exception):  # noqa: N818 - it is no error: the run ends, and says why
    """No further request may be sent in this run."""


class Gate:
    """Lets requests through as the budget allows. Safe to use from several threads."""

    def __init__(
        self,
        transport: Transport,
        budget: Budget,
        hosts: Iterable[str],
        *,
        clock: Callable[[], datetime],
        pause: Callable[[float], None],
    ) -> None:
        """Take what carries the requests, what is allowed, and the time."""
        self._transport = transport
        self._budget = budget
        self._origins = frozenset(map(origin, hosts))
        self._windows = budget.windows()
        self._zone = ZoneInfo(budget.timezone)
        self._clock = clock
        self._pause = pause
        self._lock = threading.Lock()
        self._free: datetime | None = None
        self._storm = 0
        self._lanes: dict[int, ThreadPoolExecutor] = {}
        self.sent = 0
        self.waited = 0
        self.over = ""

    @property
    def left(self) -> int:
        """How many requests may still be sent."""
        return 0 if self.over else self._budget.total - self.sent

    def allows(self, url: str) -> bool:
        """Whether the address is on one of the allowed hosts."""
        return origin(url) in self._origins

    def now(self) -> datetime:
        """Return the time."""
        return self._clock()

    def rest(self, length: float) -> None:
        """Let time pass."""
        self._pause(length)

    def send(self, request: Request, *, patient: bool = True) -> Answer:
        """Return the answer to a request. Raises `Over` when none may be sent any more.

        Where the system asks to slow down it is obeyed, and asked again later; not so if the caller wants to see just that.
        """
        for _ in range(_TRIES):
            self._enter([request])
            answer = self._transport.send(request)
            wait = self._told_to_wait(answer) if patient else None
            if wait is None:
                self._note(answer)
                return answer
            if wait > seconds(self._budget.wait, "budget.wait"):
                raise self._end(f"the system is rate limiting, and asks to wait {wait:.0f} s")
            self.waited += 1
            self._pause(wait)
        raise self._end("the system is rate limiting, and goes on when it is asked more slowly")

    def together(self, requests: Sequence[Request], dropped: Collection[int] = ()) -> list[Answer | None]:
        """Send requests at the same moment, and hang up on those at the `dropped` places; return the other answers.

        Within a burst the rate is exceeded; over time it is kept.
        """
        self._enter(requests)
        start = threading.Barrier(len(requests))

        def one(number: int) -> Answer | None:
            start.wait()
            if number in dropped:
                self._transport.abandon(requests[number])
                return None
            return self._transport.send(requests[number])

        answers = list(self._threads(len(requests)).map(one, range(len(requests))))
        for answer in answers:
            if answer is not None:
                self._note(answer)
        return answers

    def pipelined(self, requests: Sequence[Request]) -> list[Answer]:
        """Return the answers to requests sent together over one connection."""
        self._enter(requests)
        answers = self._transport.pipelined(requests)
        for answer in answers:
            if not answer.trouble:  # a server need not answer what it has not asked for
                self._note(answer)
        return answers

    def close(self) -> None:
        """Let go of threads and connections."""
        for lanes in self._lanes.values():
            lanes.shutdown()
        self._transport.close()

    def _threads(self, count: int) -> ThreadPoolExecutor:
        """Return so many threads, always the same, for each keeps its connection."""
        if count not in self._lanes:
            self._lanes[count] = ThreadPoolExecutor(count)
        return self._lanes[count]

    def _enter(self, requests: Sequence[Request]) -> None:
        """Wait for a free moment within the rate; count the requests before they are sent."""
        with self._lock:
            self._check(requests)
            now = self._clock()
            start = max(now, self._free or now)
            self._free = start + timedelta(seconds=len(requests) / self._budget.rate)
            self.sent += len(requests)
        if start > now:
            self._pause((start - now).total_seconds())
            with self._lock:
                if not self._open():
                    self.sent -= len(requests)
                    raise self._end("the allowed hours are over")

    def _check(self, requests: Sequence[Request]) -> None:
        if self.over:
            raise Over(self.over)
        if any(request.origin not in self._origins for request in requests):
            raise Over("a request to a host that is not allowed was held back")
        if self.sent + len(requests) > self._budget.total:
            raise self._end(f"the budget of {self._budget.total:,} requests is used up")
        if not self._open():
            raise self._end("it is not within the allowed hours")

    def _open(self) -> bool:
        if not self._windows:
            return True
        now = self._clock().astimezone(self._zone).time()
        return any(since <= now < until if since < until else now >= since or now < until for since, until in self._windows)

    def _told_to_wait(self, answer: Answer) -> float | None:
        """Return how many seconds the system asks to wait, if it does."""
        told = answer.header("retry-after")
        if answer.status not in _SLOW_DOWN or (answer.status == 503 and not told):
            return None
        if told.strip().isdigit():
            return float(told)
        try:
            return max(0.0, (parsedate_to_datetime(told) - self._clock()).total_seconds())
        except (ValueError, TypeError):
            return 1.0

    def _note(self, answer: Answer) -> None:
        """Count failures in a row: a system in trouble is left alone."""
        with self._lock:
            self._storm = self._storm + 1 if answer.trouble or answer.status >= 500 else 0
            if self._storm >= self._budget.storm:
                why = answer.trouble or f"the last was {answer.status}"
                self.over = f"{self._storm} failures in a row ({why})"

    def _end(self, why: str) -> Over:
        self.over = self.over or why
        return Over(self.over)
