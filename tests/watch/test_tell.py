import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest

from report import sample
from watch import told
from whosaw import config
from whosaw.config.watching import Tell
from whosaw.errors import ConfigError
from whosaw.model import Severity
from whosaw.watch.channels import SENT, Outcome
from whosaw.watch.message import pack
from whosaw.watch.outbox import Outbox
from whosaw.watch.tell import Addressee, Round, Teller, addressees, deliver, queue

DAYS = timedelta(days=3)


@dataclass
class Ear:
    """A channel that does as it is told, and keeps what it heard."""

    outcomes: list = field(default_factory=list)
    heard: list = field(default_factory=list)
    hold: threading.Event | None = None

    def send(self, message, _):
        if self.hold:
            self.hold.wait(10)
        self.heard.append(message.id)
        what = self.outcomes.pop(0) if self.outcomes else SENT
        if isinstance(what, Exception):
            raise what
        return what


def somebody(**more):
    return Addressee(Tell(**({"kind": "syslog", "url": "tcp://127.0.0.1:1"} | more)), Ear())


@pytest.fixture
def db(tmp_path):
    with closing(told.record(tmp_path)) as opened:
        yield opened


def put(db, *messages, to):
    with closing(db.cursor()) as cursor:
        return [queue(cursor, one, [to], told.NOW) for one in messages]


def mild(message):
    return msgspec.structs.replace(message, incident=msgspec.structs.replace(sample.mixup(), severity=Severity(1, 2)))


def test_only_what_is_wanted_waits():
    new, revised, gone = told.revision(), told.grown(), told.withdrawn()
    assert [somebody(when=["new", "withdrawn"]).wants(m, told=True) for m in (new, revised, gone)] == [True, False, True]
    assert somebody(severity="high").wants(new, told=False)
    assert not somebody(severity="very high").wants(new, told=False)


def test_what_was_told_once_is_told_to_its_end_however_small_it_becomes(db):
    to = somebody(severity="high")
    assert put(db, mild(told.revision()), told.grown(), mild(told.withdrawn()), to=to) == [0, 1, 1]


def test_what_is_due_is_sent_in_order_and_once(db):
    to, box = somebody(), Outbox(db)
    put(db, told.revision(), told.grown(), told.revision(), to=to)
    assert [deliver(box, to, lambda: told.NOW) for _ in range(3)] == [Round(1), Round(1), Round(0)]
    assert to.channel.heard == ["9f3a.INC-2.1", "9f3a.INC-2.2"]


def test_a_failure_ends_the_round_and_is_tried_again_later(db):
    to, box = somebody(), Outbox(db)
    to.channel.outcomes = [Outcome(sent=False, why="it answered 429", wait=timedelta(minutes=2))]
    put(db, told.revision(), to=to)
    assert deliver(box, to, lambda: told.NOW) == Round(0, failed=True, wait=120.0)
    assert deliver(box, to, lambda: told.NOW) == Round(0)
    assert deliver(box, to, lambda: told.NOW + timedelta(minutes=3)) == Round(1)
    assert to.channel.heard == ["9f3a.INC-2.1"] * 2


def test_what_is_given_up_holds_up_nothing(db):
    to, box = somebody(), Outbox(db)
    to.channel.outcomes = [Outcome(sent=False, why="it is gone", for_good=True)]
    put(db, told.revision(), told.grown(), to=to)
    deliver(box, to, lambda: told.NOW)
    assert deliver(box, to, lambda: told.NOW) == Round(1)
    assert [(s.waiting, s.given_up, s.why) for s in box.standing()] == [(0, 1, "it is gone")]


def test_what_another_version_kept_is_given_up_and_not_stumbled_over(db):
    to, box = somebody(), Outbox(db)
    put(db, told.revision(), to=to)
    db.execute("update outbox set body = ?", [b'{"id": 1}'])
    assert deliver(box, to, lambda: told.NOW) == Round(0)
    assert box.standing()[0].given_up == 1


def until(happened):
    end = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < end, "waited 10 s in vain"
        time.sleep(0.01)


@pytest.fixture
def telling(tmp_path, db):
    running = []

    def start(*to):
        teller = Teller(tmp_path / "watch.sqlite", to, now=lambda: told.NOW, keep_trying=DAYS)
        teller.start()
        running.append(teller)
        return teller

    yield start
    for teller in running:
        teller.stop()


def test_one_that_hangs_holds_up_nobody_else(db, telling):
    deaf, keen = somebody(name="deaf"), somebody(name="keen")
    deaf.channel.hold = threading.Event()
    with closing(db.cursor()) as cursor:
        assert queue(cursor, told.revision(), [deaf, keen], told.NOW) == 2
    teller = telling(deaf, keen)
    until(lambda: keen.channel.heard)
    put(db, told.grown(), to=keen)
    teller.nudge()
    until(lambda: len(keen.channel.heard) == 2)
    assert [(s.channel, s.waiting) for s in teller.standing()] == [("deaf", 1), ("keen", 0)]
    deaf.channel.hold.set()
    until(lambda: deaf.channel.heard)


def test_what_was_not_sent_waits_for_the_next_start(db, telling, tmp_path):
    to = somebody()
    to.channel.outcomes = [Outcome(sent=False, why="away")]
    put(db, told.revision(), to=to)
    first = telling(to)
    until(lambda: to.channel.heard)
    first.stop()
    db.execute("update outbox set next = queued")
    telling(to)
    until(lambda: len(to.channel.heard) == 2)


def test_a_channel_with_a_fault_shows_it_and_loses_nothing(db, telling):
    to = somebody()
    to.channel.outcomes = [RuntimeError("boom 447700900123")]
    put(db, told.revision(), to=to)
    teller = telling(to)
    until(lambda: teller.trouble)
    assert teller.trouble == {"syslog": "its messages could not be sent: RuntimeError"}
    assert teller.standing()[0].waiting == 1


def test_the_configuration_says_who_is_told(tmp_path):
    data = {"watch": {"tell": [{"kind": "syslog", "url": "tcp://siem.example:514", "name": "siem"}]}}
    (siem,) = addressees(config.parse(data).watch, tmp_path)
    assert siem.name == "siem"
    data["watch"]["tell"].append({"kind": "webhook", "url": "https://hooks.example/x", "secret_env": "NOT_SET"})
    with pytest.raises(ConfigError, match=r"`watch.tell\[1\].secret_env`"):
        addressees(config.parse(data).watch, tmp_path)


def test_a_message_is_kept_whole(db):
    to = somebody()
    put(db, told.revision(), to=to)
    assert bytes(db.execute("select body from outbox").fetchone()[0]) == pack(told.revision())
