from contextlib import closing
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watch import told
from whosaw.watch import outbox
from whosaw.watch.outbox import KEEP_TRYING, Outbox, queue

NOW = told.NOW
HOUR = timedelta(hours=1)


@pytest.fixture
def db(tmp_path):
    with closing(told.record(tmp_path)) as opened:
        yield opened


def middle(low, high):
    return (low + high) / 2


@pytest.fixture
def box(db):
    return Outbox(db, jitter=middle)


def put(db, *ids, channel="hook", thread="INC-1", now=NOW):
    with closing(db.cursor()) as cursor:
        for one in ids:
            queue(cursor, id=one, channel=channel, thread=thread, body=b"{}", now=now)


def ids(letters):
    return [letter.id for letter in letters]


def test_a_message_waits_once_for_each_channel(db, box):
    put(db, "a.1", "a.1")
    put(db, "a.1", channel="mail")
    assert ids(box.due("hook", NOW)) == ids(box.due("mail", NOW)) == ["a.1"]
    box.sent(box.due("hook", NOW)[0])
    put(db, "a.1")
    assert box.due("hook", NOW) == [], "what was sent does not wait again"
    assert ids(box.due("mail", NOW)) == ["a.1"]


def test_a_message_of_a_transaction_that_fails_never_was(db, box):
    with closing(db.cursor()) as cursor:
        cursor.execute("begin immediate")
        queue(cursor, id="a.1", channel="hook", thread="a", body=b"{}", now=NOW)
        cursor.execute("rollback")
    assert box.due("hook", NOW) == []


def test_each_failure_lets_it_wait_longer_up_to_an_hour(db, box):
    put(db, "a.1")
    now, waits = NOW, []
    for _ in range(12):
        (letter,) = box.due("hook", now)
        box.failed(letter, "it answered 500", now)
        later = now
        while not box.due("hook", later):
            later += timedelta(seconds=5)
        waits.append((later - now).total_seconds())
        now = later
    assert waits == [15, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]


@given(st.integers(0, 100), st.floats(0.5, 1.5))
def test_tries_are_scattered_so_that_not_all_come_at_once(tmp_path_factory, tries, factor):
    with closing(told.record(tmp_path_factory.mktemp("box"))) as db:
        put(db, "a.1")
        db.execute("update outbox set tries = ?", [tries])
        box = Outbox(db, jitter=lambda *_: factor)
        box.failed(box.due("hook", NOW)[0], "away", NOW)
        assert box.due("hook", NOW) == []
        assert ids(box.due("hook", NOW + 2 * HOUR)) == ["a.1"]


def test_the_receivers_own_wait_is_kept(db, box):
    put(db, "a.1")
    box.failed(box.due("hook", NOW)[0], "it answered 429", NOW, wait=3 * HOUR)
    assert box.due("hook", NOW + 2.9 * HOUR) == []
    assert ids(box.due("hook", NOW + 3 * HOUR)) == ["a.1"]


def test_revisions_of_one_incident_go_in_order_and_hold_up_no_other(db, box):
    put(db, "a.1", "a.2")
    put(db, "b.1", thread="INC-2")
    assert ids(box.due("hook", NOW)) == ["a.1", "b.1"]
    box.failed(box.due("hook", NOW)[0], "away", NOW)
    assert ids(box.due("hook", NOW)) == ["b.1"]
    later = NOW + HOUR
    box.sent(box.due("hook", later)[0])
    assert ids(box.due("hook", later)) == ["a.2", "b.1"]


def test_what_cannot_be_sent_for_days_is_given_up_and_shown_and_can_be_tried_again(db, box):
    put(db, "a.1", "a.2")
    (letter,) = box.due("hook", NOW)
    assert not box.failed(letter, "away", NOW + KEEP_TRYING - HOUR)
    (letter,) = box.due("hook", NOW + KEEP_TRYING)
    assert box.failed(letter, "its host is not known", NOW + KEEP_TRYING)
    (stand,) = box.standing()
    assert (stand.waiting, stand.given_up, stand.why, stand.oldest) == (1, 1, "its host is not known", NOW)
    assert ids(box.due("hook", NOW + KEEP_TRYING)) == ["a.2"], "the next revision is not held up for ever"
    assert box.try_again(NOW + 9 * KEEP_TRYING) == 1
    assert ids(box.due("hook", NOW + 9 * KEEP_TRYING)) == ["a.1"]


def test_what_a_receiver_never_wants_is_given_up_at_once(db, box):
    put(db, "a.1")
    assert box.failed(box.due("hook", NOW)[0], "it is gone", NOW, for_good=True)
    assert box.standing()[0].given_up == 1


def test_what_was_sent_keeps_its_name_and_not_its_words(db, box):
    put(db, "a.1")
    box.sent(box.due("hook", NOW)[0])
    assert db.execute("select id, body, state from outbox").fetchall() == [("a.1", b"", outbox.SENT)]
    (stand,) = box.standing()
    assert (stand.waiting, stand.given_up, stand.oldest, stand.why) == (0, 0, None, "")


def test_whether_a_thread_was_told_is_known(db):
    put(db, "a.1")
    with closing(db.cursor()) as cursor:
        assert outbox.told(cursor, channel="hook", thread="INC-1")
        assert not outbox.told(cursor, channel="mail", thread="INC-1")
        assert not outbox.told(cursor, channel="hook", thread="INC-2")
