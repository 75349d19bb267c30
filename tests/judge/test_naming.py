"""Does an incident keep its name while its rows come late, and does no other one get it?"""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.sample import mixup
from whosaw.judge.naming import known_of, named
from whosaw.model import Cause

GAP = timedelta(hours=72)
MONDAY = datetime(2012, 1, 9, tzinfo=UTC)


def incident(since=0, until=1, detector="account-mixup", channel="portal", cause=("route", "/account"), name=""):
    since, until = MONDAY + timedelta(hours=since), MONDAY + timedelta(hours=until)
    return msgspec.structs.replace(mixup(), id=name, detector=detector, channel=channel, cause=Cause(*cause), since=since, until=until)


def known(*args, **more):
    return known_of(incident(*args, **more))


def names(found, before, by_channel=()):
    return [one.id for one in named(found, before, gap=GAP, by_channel=by_channel)[0]]


def test_new_incidents_are_numbered_in_the_order_given():
    assert names([incident(cause=("route", "/b")), incident(cause=("route", "/a"))], []) == ["INC-1", "INC-2"]


def test_an_incident_that_has_grown_keeps_its_name_and_a_new_one_gets_the_next_number():
    before = [known(0, 5, name="INC-1"), known(0, 5, channel="bills", name="INC-2")]
    found = [incident(100, 120, detector="cached-page"), incident(-3, 40)]
    assert names(found, before) == ["INC-3", "INC-1"]


def test_a_name_is_never_given_again():
    assert names([incident(detector="cached-page")], [known(name="INC-7")]) == ["INC-8"]


@pytest.mark.parametrize("other", [{"detector": "cached-page"}, {"channel": "bills"}, {"cause": ("route", "/other")}])
def test_another_leak_type_channel_or_cause_is_another_incident(other):
    assert names([incident(**other)], [known(name="INC-1")]) == ["INC-2"]


def test_the_cause_does_not_count_for_what_is_grouped_by_channel():
    assert names([incident(cause=("route", "/other"))], [known(name="INC-1")], by_channel={"account-mixup"}) == ["INC-1"]


def test_after_a_longer_silence_than_the_gap_it_is_another_incident():
    assert names([incident(73, 80)], [known(0, 0, name="INC-1")]) == ["INC-2"]
    assert names([incident(72, 80)], [known(0, 0, name="INC-1")]) == ["INC-1"]


def test_what_one_person_looks_at_stays_one_incident_however_long_they_pause():
    person = {"cause": ("recipient", "R-1"), "detector": "unexplained-lookup"}
    assert names([incident(9000, 9001, **person)], [known(0, 1, name="INC-1", **person)]) == ["INC-1"]


def test_two_known_incidents_that_late_rows_have_joined_go_by_the_first_name():
    found, merged = named([incident(0, 200)], [known(150, 200, name="INC-2"), known(0, 5, name="INC-1")], gap=GAP)
    assert [one.id for one in found] == ["INC-1"]
    assert merged == {"INC-2": "INC-1"}


def test_of_two_parts_the_earlier_keeps_the_name():
    assert names([incident(150, 200), incident(0, 5)], [known(0, 200, name="INC-1")]) == ["INC-2", "INC-1"]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.sampled_from("abc")), max_size=6))
def test_names_are_distinct_and_naming_again_changes_nothing(spans):
    found = [incident(a * 200, a * 200 + b, cause=("route", route)) for a, b, route in dict.fromkeys(spans)]
    once, _ = named(found, [], gap=timedelta(0))
    assert len({one.id for one in once}) == len(once)
    again, merged = named(found, [known_of(one) for one in once], gap=timedelta(0))
    distinct = {(f.since, f.until, f.cause.value) for f in found}
    if len(distinct) == len(found) and not _overlapping(found):
        assert again == once
        assert not merged


def _overlapping(found):
    return any(
        a is not b and a.cause == b.cause and a.since <= b.until and b.since <= a.until for i, a in enumerate(found) for b in found[:i]
    )
