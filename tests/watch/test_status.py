from datetime import timedelta

import pytest

from watch.standing import NOW, STATUS
from whosaw.watch import status
from whosaw.watch.status import SourceStatus, State, Status

HOUR = timedelta(hours=1)


def test_a_kept_status_is_the_same_when_it_is_taken_out():
    assert status.unpack(status.pack(STATUS)) == STATUS


@pytest.mark.parametrize(
    ("problems", "newest", "found"),
    [
        ({}, NOW, State.FOLLOWING),
        ({}, NOW - 2 * HOUR, State.SILENT),
        ({}, None, State.SILENT),
        ({"a.log": "permission denied"}, NOW, State.UNREADABLE),
    ],
)
def test_a_silent_source_and_one_that_cannot_be_read_do_not_look_alike(problems, newest, found):
    assert status.state(problems, newest, NOW, HOUR) is found


def test_one_line_says_what_matters_first():
    assert status.line(STATUS, NOW) == (
        "2 incidents · 1 message given up · not heard from: portal, crm · 3 messages waiting · 75.0 % judged, 1,234 lines/s, 2 h behind"
    )


def test_all_well_is_said_in_one_short_line():
    good = Status(made=NOW, started=NOW, sources=(SourceStatus(name="gw", state=State.FOLLOWING, newest=NOW),), disclosures=4, judged=4)
    assert status.line(good, NOW + timedelta(seconds=3)) == "0 incidents · 100.0 % judged, 0 lines/s, 3 s behind"
    assert status.line(Status(made=NOW, started=NOW), NOW).endswith("no line yet")


def test_the_doctor_is_told_what_is_wrong_before_what_is_well():
    assert status.lines(STATUS, NOW + HOUR) == [
        "the watch has not said anything for 1 h: it hangs or has ended",
        "crm: cannot be read: crm/audit.csv: permission denied",
        "portal: silent, newest line 3 h old",
        "hook: 1 message given up: it is gone (410) and wants no more messages",
        "mail: 3 messages waiting: it did not answer in time",
        "tls://0.0.0.0:6514: 7 messages refused: carries no message",
        "the spool cannot be written: no space left on device",
        "gateway: following 4 files, newest line 1 h old",
    ]
