"""What is told in the tests of the channels? Revisions of one incident, to receivers that are really there."""

import sqlite3
from datetime import UTC, datetime

import msgspec

from report import sample
from whosaw.config.watching import Tell
from whosaw.watch import message, outbox
from whosaw.watch.channels import Place
from whosaw.watch.record import Revision

NOW = datetime(2012, 1, 17, 12, 0, tzinfo=UTC)
DOUBT = "`portal` has no lines from 2012-01-16 23:00 UTC to 2012-01-17 01:00 UTC"


def revision(number=1, incident=None, changes=("first seen",)):
    """Return a message of a revision; without an incident, of the mix-up in the portal."""
    one = sample.mixup() if incident is None else incident
    return message.compose(
        Revision("INC-2", number, NOW, one, tuple(changes)),
        one,
        origin="9f3a",
        operator="Example Mobile",
        claims=sample.CLAIMS,
        doubts=[DOUBT],
    )


def grown():
    bigger = msgspec.structs.replace(sample.mixup(), disclosures=900)
    return revision(2, bigger, ("customers at least 12 -> 63", "recipients 9 -> 71"))


def withdrawn():
    gone = Revision("INC-2", 3, NOW, None, ("every disclosure of it has been explained since",))
    return message.compose(gone, sample.mixup(), origin="9f3a", operator="Example Mobile", claims=sample.CLAIMS)


def place(folder, **tell):
    return Place(Tell(**tell), folder, "watch.tell[0]", 2.0)


def record(folder):
    """Return an open record that holds an outbox."""
    db = sqlite3.connect(folder / "watch.sqlite", isolation_level=None, timeout=30)
    db.executescript(outbox.TABLES)
    return db
