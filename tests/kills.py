"""Does the ledger survive what kills its writer? A child reads, follows, merges and judges growing logs, and is killed at any moment.

After each death a fresh process goes on, and what the ledger holds is compared with the lines of the sources, one by one:
nothing lost, nothing doubled. Each process is forked from one that never opens an engine, so a round takes a tenth of a second.
"""

import contextlib
import errno
import json
import os
import resource
import signal
import sys
import time
import traceback
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

import duckdb  # noqa: F401 - each child would have to load it

from powercut import Disk
from small_operator import BILLS, LOGINS, MADE, case, line, portal, written
from whosaw import judge
from whosaw.engine.duckdb import Engine
from whosaw.engine.fingerprint import Fingerprint, fingerprint
from whosaw.engine.inputs import Input, Likeness
from whosaw.errors import StorageError
from whosaw.judge.plan import plan
from whosaw.judge.read import extend, recognised
from whosaw.judge.work import opened
from whosaw.ledger.manifest import Manifest

SOURCES = {"source": [portal(), portal(name="followed", files=["followed.log"])]}
QUIET = [line(f"10:{i:02}", "anna", account="A1") for i in range(3)]


@dataclass
class Tally:
    """What came of some rounds."""

    rounds: dict[str, int] = field(default_factory=dict)
    restarts: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lines: int = 0
    parts: int = 0
    """Parts at the last look."""


def repeatable(seed):
    return Random(seed)  # noqa: S311 - the same death again


# --- the writer that dies -------------------------------------------------------------------------------------------


def grow(folder, dice):
    """Append lines of all kinds to the logs, at times half a line, at times behind a rotation."""
    log = folder / dice.choice(["portal.log", "followed.log"])
    if log.name == "portal.log" and dice.random() < 0.05:
        log.rename(folder / f"portal.log.{len(list(folder.glob('portal.log.*'))) + 1}")
    rows = []
    for _ in range(dice.randrange(1, 9)):
        moment = f"2012-01-{dice.randrange(10, 13)}T{dice.randrange(24):02}:{dice.randrange(60):02}:{dice.randrange(60):02}Z"
        made = line(moment, f"login-{dice.randrange(30)}", account="A1", n=dice.random())
        rows.append(dice.choices([made, "garbage", line(moment, "anna", uri="/style.css", n=dice.random())], [8, 1, 2])[0])
    text = "\n".join(rows) + "\n"
    half = log.name == "portal.log" and dice.random() < 0.2
    with log.open("a") as f:
        f.write(text[: -dice.randrange(1, 60)] if half else text)


def follow(work, job):
    """Add what is new in a log the way of the always-on mode: a piece of whole lines behind what the ledger knows."""
    likeness, row = recognised(work, job, Input(job.path))
    if likeness not in {Likeness.GROWN, Likeness.OTHER}:
        return
    content = job.path.read_bytes()
    known = row.size if row else 0
    mark = Fingerprint()
    mark.update(content[:known])
    data = content[known : content.rfind(b"\n") + 1]
    mark.update(data)
    if data:
        extend(work, job, data, row, mark=mark)


def toil(folder, seed):
    """Grow, read, follow, merge and judge for ever."""
    dice = repeatable(seed)
    while True:
        with opened(case(folder, SOURCES), write=True) as work:
            for _ in range(4):
                grow(folder, dice)
                one_pass(work, folder, dice)
            if dice.random() < 0.3:
                judge.judged(work, made=MADE, command="test")


def one_pass(work, folder, dice):
    for job in plan(work.case.config, folder)[0]:
        if job.source.name == "followed":
            follow(work, job)
        else:
            judge.judge_read(work, job)
    if dice.random() < 0.3:
        work.ledger.compact(work.engine, least=2)


judge.judge_read = partial(sys.modules["whosaw.judge.read"].read, progress=lambda *_: None)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def at_event(number, then):
    """Do something at the n-th of all moments at which something becomes lasting, before or after it."""
    seen = [0]

    def hooked(real):
        def call(*args, **options):
            for moment in ("before", "after"):
                seen[0] += 1
                if seen[0] == number:
                    then()
                if moment == "before":
                    answer = real(*args, **options)
            return answer

        return call

    for name in ("fsync", "rename", "mkdir", "unlink"):
        setattr(os, name, hooked(getattr(os, name)))
    Manifest.together = hooked(Manifest.together)
    copy = hooked(Engine.run)
    real_run = Engine.run
    Engine.run = lambda self, sql, values=(): (copy if sql.startswith("copy") else real_run)(self, sql, values)


# --- what is left ---------------------------------------------------------------------------------------------------


def kinds(content):
    """What each line of a log is, by the definition of this test and not by the reader's."""
    rows = content.split(b"\n")
    for row in rows[:-1] if rows[-1] == b"" else rows:
        try:
            yield "other" if json.loads(row)["uri"] == "/style.css" else "disclosure"
        except ValueError:
            yield "rejected"


def difference(work, folder):
    """Return what is not as the sources say; nothing if all is."""
    files = {(f.source, f.digest): f for f in work.ledger.files()}
    work.ledger.open_in(work.engine)
    held = work.engine.rows("select id from disclosures_read")
    expected, wrong = [], []
    for log in sorted(folder.glob("*.log*")):
        content = log.read_bytes()
        row = files.pop((log.name.partition(".")[0], fingerprint(content)), None)
        found = list(kinds(content))
        if row is None:
            unread = set(found) <= {"rejected"}  # a log of which no line reads as its format is left out whole, and said to be
            wrong += [] if unread else [f"{log.name} is not in the ledger as it is"]
            continue
        expected += [(row.number << 32 | n,) for n, kind in enumerate(found, start=1) if kind == "disclosure"]
        counts = (len(found), *(found.count(kind) for kind in ("disclosure", "rejected", "other")))
        if counts != (row.lines, row.disclosures, row.rejected, row.other):
            wrong.append(f"{log.name} has {counts}, the ledger says {row}")
        noted = [n for (n,) in work.ledger._manifest.rows("select line from rejected where number = ? order by line", [row.number])]
        if noted != [n for n, kind in enumerate(found, start=1) if kind == "rejected"]:
            wrong.append(f"{log.name}: rejected lines differ")
        beats = work.ledger._manifest.rows("select coalesce(sum(lines), 0) from pulse where number = ?", [row.number])[0][0]
        if beats != counts[1] + counts[3]:
            wrong.append(f"{log.name}: the pulse has {beats} lines of {counts}")
    lost, doubled = len(set(expected) - set(held)), len(held) - len(set(held))
    wrong += [f"{lost} disclosures lost"] if lost else []
    wrong += [f"{doubled} disclosures doubled"] if doubled else []
    wrong += [f"{len(set(held) - set(expected))} rows that no line has"] if set(held) - set(expected) else []
    return wrong + [f"{f.path} is in the ledger and nowhere else" for f in files.values()] + unnamed(work)


def unnamed(work):
    """Return whether a login of the ledger has no name in the vault: names must be recorded with their rows."""
    for (key,) in work.engine.rows("select distinct recipient from disclosures_read"):
        if work.vault.name(work.ledger.sealed_names("r", key), key) is None:
            return ["a login has no name in the vault"]
    return []


def look(folder):
    """Go on after a death: how long until a writer stands, and what differs once all is read."""
    begin = time.perf_counter()
    with opened(case(folder, SOURCES), write=True) as work:
        for job in plan(work.case.config, folder)[0]:
            judge.judge_read(work, job)
        took = time.perf_counter() - begin
        wrong = difference(work, folder)
        shown = work.engine.one("select count(*) from disclosures_read")[0]
        wrong += [f"the ledger lost {part.name}" for part in work.ledger.lost()]
        return {"took": took, "wrong": wrong, "lines": shown, "parts": len(work.ledger.part_paths())}


# --- rounds ---------------------------------------------------------------------------------------------------------


def forked(what):
    """Run something in a process of its own; return the process and where it says its answer."""
    ear, mouth = os.pipe()
    process = os.fork()
    if process:
        os.close(mouth)
        return process, ear
    os.close(ear)
    code = 1
    try:
        os.write(mouth, json.dumps(what()).encode())
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(code)


def answer_of(what):
    process, ear = forked(what)
    with os.fdopen(ear, "rb") as f:
        said = f.read()
    _, status = os.waitpid(process, 0)
    return json.loads(said) if status == 0 else {"took": 0.0, "wrong": [f"the next process ended with {status}"], "lines": 0, "parts": 0}


def killed_after(folder, seed, delay):
    process, ear = forked(partial(toil, folder, seed))
    with contextlib.suppress(TimeoutError):
        time.sleep(delay)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(ear)


def killed_at(folder, seed, event, then=die):
    def run():
        at_event(event, then)
        toil(folder, seed)

    process, ear = forked(run)
    os.waitpid(process, 0)
    os.close(ear)


def cut_at(folder, seed, event, *, unsynced=False):
    """Power fails at an event: what was not synced is gone, or not, or in part."""

    def run():
        disk = Disk(folder / "ledger", repeatable(seed), unsynced=unsynced)
        at_event(event, disk.cut)
        toil(folder, seed)

    process, ear = forked(run)
    os.waitpid(process, 0)
    os.close(ear)


def full_at(folder, seed, event, *, limit=0):
    """The disk takes no more, at an event or beyond a size of files, and the same process goes on when there is room again."""

    def refuse():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def run():
        dice = repeatable(seed)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with opened(case(folder, SOURCES), write=True) as work:
            if not limit:
                at_event(event, refuse)
            for _ in range(8):
                grow(folder, dice)
                if limit:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (dice.choice([limit, resource.RLIM_INFINITY]), resource.RLIM_INFINITY))
                with contextlib.suppress(StorageError, OSError):
                    one_pass(work, folder, dice)
                resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            one_pass(work, folder, dice)
        return {"took": 0.0, "wrong": [], "lines": 0, "parts": 0}

    return answer_of(run)["wrong"]


def rounds(folder, count, *, seed=1, kinds_of_death=("kill", "point", "cut", "full")):
    """Yield the tally after each round on one ledger that grows on from death to death."""
    written(folder, logins_csv=LOGINS, bills_csv=BILLS, portal_log=QUIET, followed_log=QUIET)
    dice = repeatable(seed)
    tally = Tally()
    for i in range(count):
        how = kinds_of_death[i % len(kinds_of_death)]
        own = dice.randrange(1 << 30)
        if how == "kill":
            killed_after(folder, own, dice.uniform(0, 0.8))
        elif how == "point":
            killed_at(folder, own, dice.randrange(1, 120))
        elif how == "cut":
            cut_at(folder, own, dice.randrange(1, 120))
        else:
            tally.wrong += [
                f"{own}: {text}" for text in full_at(folder, own, dice.randrange(1, 120), limit=dice.choice([0, 1 << 12, 1 << 16]))
            ]
        found = answer_of(partial(look, folder))
        tally.rounds[how] = tally.rounds.get(how, 0) + 1
        tally.restarts.append(found["took"])
        tally.wrong += [f"round {i} ({how}, {own}): {text}" for text in found["wrong"]]
        tally.lines, tally.parts = found["lines"], found["parts"]
        yield tally


def main():
    """Do so many rounds in a folder and say what came of them: `python tests/kills.py FOLDER COUNT SEED`."""
    folder, count, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    tally = Tally()
    for tally in rounds(folder, count, seed=seed):
        if tally.wrong:
            break
    print(json.dumps({"rounds": tally.rounds, "slowest": max(tally.restarts), "wrong": tally.wrong, "lines": tally.lines}))  # noqa: T201


if __name__ == "__main__":
    main()
