"""A portal per test, with the faults that the test names."""

import pytest

import selfcare


@pytest.fixture
def portal():
    """Return a function that starts a portal with faults; all of them are stopped with the test."""
    stops = []

    def started(*faults, **more):
        portal = selfcare.Portal(faults=set(faults), **more)
        stops.append(selfcare.serve(portal))
        return portal

    yield started
    for stop in stops:
        stop()
