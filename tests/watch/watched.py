"""A watch over a small operator, in the hands of a test: its clock goes forward when the test says so."""

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import msgspec

from small_operator import case
from whosaw.watch.run import watching

BEGIN = datetime(2012, 1, 10, 12, 0, tzinfo=UTC)


class Clock:
    """Tells both kinds of time."""

    def __init__(self, begin=BEGIN):
        self.begin, self.passed = begin, 0.0

    def now(self):
        return self.begin + timedelta(seconds=self.passed)

    def monotonic(self):
        return 1000.0 + self.passed

    def wait(self, seconds):
        self.passed += seconds


class Hands:
    """An opened watch and its clock."""

    def __init__(self, watch, clock):
        self.watch, self.clock = watch, clock
        self.told = []

    def step(self, wait=60.0, **how):
        """Let some time pass, and take one step."""
        self.clock.wait(wait)
        step = self.watch.step(**how)
        self.told += step.told
        return step

    def answer(self, wait=60.0):
        """The answer as it stands after a while."""
        return self.step(wait, answer=True).result

    def clock_wait(self):
        """Let a little real time pass, for threads that do not know the test's clock."""
        time.sleep(0.05)

    def troubles(self):
        return " / ".join(self.watch.status.troubles)


@contextmanager
def watched(what, changes=None, *, begin=BEGIN):
    """Watch a case, or the small operator in a folder."""
    clock = Clock(begin)
    one = what if hasattr(what, "config") else case(what, changes)
    with watching(one, now=clock.now, command="test", monotonic=clock.monotonic) as watch:
        yield Hands(watch, clock)


def append(path, *lines):
    with path.open("a") as f:
        f.writelines(f"{line}\n" for line in lines)


def unnamed(result):
    """What an answer says, but for the names of incidents and the time it was given."""
    found = [msgspec.structs.replace(one, id="") for one in result.incidents]
    return result.read, result.verdicts, result.cannot_judge, found, result.rejected
