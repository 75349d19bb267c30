"""What is judged of the ledger at this moment? Everything once, and from then on only what is new and what has come to be seen otherwise.

The verdicts stay in the engine from batch to batch, and the leak types look at all of them: what they count over an hour, a day or a
session does not care how the rows were cut into batches, so the answer is that of `whosaw judge` at any time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw import entitlements
from whosaw.errors import StorageError, WhosawError
from whosaw.judge import again, answer, apart, prepare, repairs, scan, verdict
from whosaw.judge.registries import Registries, refuse_shrunk

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from whosaw.judge.work import Work
    from whosaw.model import Result
    from whosaw.watch.intake import Taken

MANY_SMALL = 32
"""Small parts of a day that are merged; every batch brings one."""


class Live:
    """The verdicts of all that a ledger holds, kept up to date by its one writer."""

    def __init__(self, work: Work, *, clock: float) -> None:
        """Judge what the ledger holds. `clock` are seconds that only ever go forward."""
        self._work, self._engine = work, work.engine
        self.judged = 0
        """Rows judged since the start, again included."""
        self.troubles: dict[str, str] = {}
        """Registries that were not taken over as they are now, by their key, and why."""
        self._begin(clock)

    def _begin(self, clock: float) -> None:
        work = self._work
        self._registries = Registries(work.case.config, work.case.folder, clock=clock)
        self._mark, self._vouched = work.ledger.batch, len(work.ledger.vouched())
        scan.prepare(work.engine, work.case.config, work.case.folder)
        prepare(work)
        verdict.judge(work.engine)
        self._settled = apart.join(work.engine)
        self._lost = len(work.ledger.lost())

    def add(self, taken: Taken, clock: float) -> bool:
        """Judge what was recorded since the last time; return whether any of it is not entitled."""
        ledger, engine, mark = self._work.ledger, self._engine, self._work.ledger.batch
        ledger.open_in(engine)
        if len(ledger.lost()) != self._lost:  # a part of it cannot be read any more
            self._begin(clock)
            return True
        before = self._count()
        with engine.together():
            ledger.open_new(engine, "fresh_read", after=self._mark)
            for number, line in taken.again:
                engine.run(f"delete from rest where id between {number << 32 | line} and {number << 32 | 0xFFFFFFFF}")
            if taken.again:  # parts that were written anew without those lines hold others that are judged already
                engine.run("delete from rest where id in (select id from fresh_read)")
            rows = verdict.judge_more(engine, "fresh_read")
        self._mark = mark
        self.judged += rows
        return bool(taken.again) or self._count() != before

    def reconsider(self, clock: float) -> bool:
        """Load the registries that have changed, and judge again what that touches; return whether anything was taken over.

        A registry that is still being written, cannot be read, or has lost most of its rows stays as it was loaded before.
        Raises `StorageError` when there is no room for it; it is tried again the next time.
        """
        taken = len(self._work.ledger.vouched()) > self._vouched and self._take_over(set(), self._vouched_rules())
        for keys in self._registries.due(clock):
            rules = [int(key.partition("[")[2][:-1]) for key in keys if key.startswith("entitlement")]
            taken |= self._take_over(keys, rules)
            self._registries.took(keys)
        return taken

    def _vouched_rules(self) -> list[int]:
        return [repairs.VOUCHED + i for i in range(self._vouched, len(self._work.ledger.vouched()))]

    def _take_over(self, keys: set[str], rules: list[int]) -> bool:
        """Load some registries anew, or what people vouch for since; all of it, or nothing."""
        work, engine = self._work, self._engine
        owners = any(key.startswith("owner") for key in keys)
        try:
            with engine.together(), again.judged_again(engine, rules, owners=owners) as changes:
                if keys:
                    loads = entitlements.load_again(engine, work.case.config, work.case.folder, keys)
                    refuse_shrunk(work.loads, loads)
                else:
                    repairs.load(engine, work.ledger, after=self._vouched)
        except StorageError:
            raise
        except WhosawError as problem:
            self.troubles |= dict.fromkeys(keys or {"vouched"}, f"{problem.message}; what was loaded before still counts")
            return False
        if keys:
            work.loads |= loads
            if owners:
                scan.prepare(engine, work.case.config, work.case.folder)
        else:
            self._vouched += len(rules)
        self.troubles = {key: why for key, why in self.troubles.items() if key not in (keys or {"vouched"})}
        self.judged += changes.rows
        return True

    def tidy(self) -> None:
        """Merge the many small parts that batches bring; all of them were judged."""
        self._work.ledger.compact(self._engine, least=MANY_SMALL)
        self._work.ledger.open_in(self._engine)

    def answer(self, now: datetime, command: str) -> tuple[Result, Mapping[str, str]]:
        """Return the answer as it stands, and which incidents have merged into which."""
        days = self._work.ledger.days()
        return answer(self._work, self._engine, made=now, command=command, settled=self._settled, now=now, days=days)

    def _count(self) -> int:
        return int(self._engine.one("select count(*) from rest")[0])
