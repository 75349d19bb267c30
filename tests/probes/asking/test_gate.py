"""No request leaves outside the hosts, the hours and the total, whatever is asked; a system in trouble or that asks for patience is obeyed."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.config.probing import Budget
from whosaw.probes.asking.gate import Gate, Over
from whosaw.probes.asking.wire import Answer, Request

START = datetime(2026, 1, 2, 21, 59, 0, tzinfo=UTC)


class Fake:
    """A transport that keeps what left, and a clock that goes on only while somebody waits."""

    def __init__(self, answers=()):
        self.left, self.time, self.answers = [], START, list(answers)

    def now(self):
        return self.time

    def wait(self, seconds):
        self.time += timedelta(seconds=seconds)

    def send(self, request):
        self.left.append((request, self.time))
        return self.answers.pop(0) if self.answers else Answer(200)

    def abandon(self, request):
        self.send(request)

    def pipelined(self, requests):
        return [self.send(request) for request in requests]

    def close(self):
        pass


def gate(fake, **budget):
    return Gate(fake, Budget(**budget), ["http://portal.example"], clock=fake.now, pause=fake.wait)


def get(url="http://portal.example/me"):
    return Request("GET", url)


URLS = st.sampled_from(
    ["http://portal.example/a", "http://evil.example/", "https://portal.example/", "http://portal.example:81/", "ftp://x", "http://["]
)
STEPS = st.lists(st.tuples(st.sampled_from(["send", "together", "pipelined", "wait"]), URLS), max_size=40)


@given(
    steps=STEPS,
    total=st.integers(1, 30),
    rate=st.sampled_from([0.1, 1.0, 50.0]),
    hours=st.sampled_from([[], ["22:00-22:01"], ["21:00-22:00"]]),
)
def test_whatever_is_asked_nothing_leaves_outside_the_budget(steps, total, rate, hours):
    fake = Fake()
    door = gate(fake, total=total, rate=rate, hours=hours)
    for kind, url in steps:
        try:
            if kind == "wait":
                fake.wait(20)
            elif kind == "send":
                door.send(get(url))
            elif kind == "together":
                door.together([get(url)], {0})
            else:
                door.pipelined([get(url), get()])
        except Over:
            pass
    door.close()
    assert len(fake.left) <= total
    assert all(request.origin == ("http", "portal.example", 80) for request, _ in fake.left)
    for window in hours:
        since, until = (time.fromisoformat(text) for text in window.split("-"))
        assert all(since <= moment.time() < until for _, moment in fake.left)
    for n, (_, moment) in enumerate(fake.left[2:], 2):
        assert (moment - fake.left[0][1]).total_seconds() >= (n - 2) / rate - 1e-3, "a burst is two here; over time the rate is kept"


def test_the_time_that_is_asked_for_is_waited_and_the_request_sent_again():
    fake = Fake([Answer(429, (("Retry-After", "7"),)), Answer(200)])
    assert gate(fake).send(get()).status == 200
    assert fake.left[1][1] - fake.left[0][1] >= timedelta(seconds=7)


def test_a_date_to_come_back_at_is_understood():
    fake = Fake([Answer(503, (("Retry-After", "Fri, 02 Jan 2026 21:59:05 GMT"),)), Answer(200)])
    assert gate(fake).send(get()).status == 200
    assert fake.left[1][1] - fake.left[0][1] >= timedelta(seconds=5)


def test_a_limit_that_lasts_too_long_ends_the_run_and_says_so():
    fake = Fake([Answer(429, (("Retry-After", "3600"),))])
    door = gate(fake)
    with pytest.raises(Over, match="rate limiting"):
        door.send(get())
    assert "3600 s" in door.over
    with pytest.raises(Over):
        door.send(get())


def test_who_wants_to_see_the_limit_is_shown_it():
    assert gate(Fake([Answer(429)])).send(get(), patient=False).status == 429


def test_a_storm_ends_the_run_and_single_failures_do_not():
    fake = Fake([Answer(500), Answer(200), *[Answer(502)] * 3])
    door = gate(fake, storm=3)
    for _ in range(5):
        door.send(get())
    with pytest.raises(Over, match="3 failures in a row"):
        door.send(get())
    assert len(fake.left) == 5


def test_the_hours_may_go_over_midnight_and_are_local():
    night = {"hours": ["22:30-05:00"], "timezone": "Europe/Berlin"}
    assert gate(Fake(), **night).send(get()).status == 200, "21:59 UTC is 22:59 in Berlin"
    with pytest.raises(Over, match="allowed hours"):
        gate(Fake(), hours=["22:30-05:00"]).send(get())


def test_what_would_leave_after_the_hours_is_held_back():
    fake = Fake()
    door = gate(fake, rate=0.02, hours=["21:00-22:00"])
    door.send(get())
    door.send(get())
    with pytest.raises(Over, match="hours are over"):
        door.send(get())
    assert all(moment.hour == 21 for _, moment in fake.left)
