"""How does the watch of the tests stand? Some of everything, good and bad."""

from datetime import UTC, datetime, timedelta

from whosaw.watch.outbox import Standing
from whosaw.watch.status import SourceStatus, State, Status

NOW = datetime(2012, 1, 17, 12, 0, tzinfo=UTC)

STATUS = Status(
    made=NOW,
    started=NOW - timedelta(days=2),
    sources=(
        SourceStatus(
            name="gateway",
            state=State.FOLLOWING,
            newest=NOW - timedelta(seconds=2),
            lines=1000,
            disclosures=400,
            rejected=3,
            lines_per_second=1234.0,
            bytes_behind=77,
            files=4,
        ),
        SourceStatus(name="portal", state=State.SILENT, newest=NOW - timedelta(hours=2), lines=10, files=1),
        SourceStatus(name="crm", state=State.UNREADABLE, problems=("crm/audit.csv: permission denied",)),
    ),
    disclosures=400,
    judged=300,
    unjudged_since=NOW - timedelta(seconds=1),
    batches=12,
    last_batch_seconds=0.25,
    judged_rows=900,
    incidents=2,
    channels=(
        Standing("hook", 0, 1, None, "it is gone (410) and wants no more messages"),
        Standing("mail", 3, 0, NOW, "it did not answer in time"),
    ),
    refused=(("tls://0.0.0.0:6514", "carries no message", 7),),
    spool_bytes=4096,
    parts=9,
    troubles=("the spool cannot be written: no space left on device",),
)
