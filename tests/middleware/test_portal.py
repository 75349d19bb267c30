"""A page that is not the session's own is reported or refused, and no fault of ours breaks a page unless that was asked for."""

import asyncio
import logging
import os
import subprocess
import sys

import pytest

from whosaw.middleware import Portal, SettingError, shown, used
from whosaw.middleware.lines import Asked
from whosaw.middleware.portal import UNDECIDED


def answered(portal, *customers, status=200, late=()):
    """One request that shows customers: whether it is stopped."""
    visit = portal.visit({"who": "anna"})
    with visit.opened():
        for customer in customers:
            shown(customer)
        stopped = visit.stops()
        for customer in late:
            shown(customer)
    visit.end(Asked, status)
    return stopped


def test_a_foreign_page_is_reported_and_goes_out(watched):
    portal, lines = watched(own=lambda _: {"A1"})
    assert not answered(portal, "A1", "A2")
    assert [line.get("why") for line in lines()] == ["foreign", None]
    assert {line["outcome"] for line in lines()} == {"shown"}
    assert portal.health()["foreign"] == 1


def test_a_foreign_page_is_refused_where_pages_are_blocked(watched):
    portal, lines = watched(own=lambda _: {"A1"}, grade="block")
    assert not answered(portal, "A1")
    assert answered(portal, "A2")
    assert [line["outcome"] for line in lines()] == ["shown", "stopped"]
    assert (portal.health()["stopped"], portal.health()["pages"]) == (1, 2)


def test_whoever_owns_nothing_is_shown_nobody(watched):
    portal, _ = watched(own=lambda _: (), grade="block")
    assert answered(portal, "A1")
    assert not answered(portal)


def test_what_was_only_loaded_counts_unless_only_what_is_shown_shall(watched):
    def loads(portal):
        visit = portal.visit(None)
        with visit.opened():
            used("A2")
            return visit.stops()

    assert loads(watched(own=lambda _: {"A1"}, grade="block")[0])
    assert not loads(watched(own=lambda _: {"A1"}, grade="block", counted="shown")[0])


def test_what_is_noted_after_the_page_had_begun_cannot_be_refused_and_is_said(watched):
    portal, lines = watched(own=lambda _: {"A1"}, grade="block")
    assert not answered(portal, "A1", late=["A2"])
    assert lines()[0]["why"] == "foreign, noted after the page had begun"
    assert portal.health()["late"] == 1


def broken(request):
    raise RuntimeError("447700900123 is unknown")


@pytest.mark.parametrize("own", [broken, lambda _: None, lambda _: 7])
def test_a_portal_that_cannot_say_whose_page_it_is_goes_on_unless_it_shall_not(watched, own, caplog):
    portal, lines = watched(own=own, grade="block")
    with caplog.at_level(logging.WARNING):
        assert not answered(portal, "A1")
    assert [line["why"] for line in lines()] == [UNDECIDED]
    assert portal.health()["undecided"] == 1
    assert "447700900123" not in caplog.text
    closed, _ = watched(own=own, grade="block", fail_closed=True)
    assert answered(closed, "A1")


def test_a_fault_of_a_setting_is_counted_and_breaks_nothing(watched):
    portal, lines = watched(recipient=broken)
    assert portal.said("recipient", None, lambda: "anna") == ""
    visit = portal.visit(None)
    with visit.opened():
        shown("A1")
    visit.end(lambda: 1 / 0, 200)
    assert portal.health()["errors"] == 2
    assert lines() == []


def test_own_may_be_awaited_where_the_framework_awaits_and_is_undecided_elsewhere(watched):
    async def own(request):
        await asyncio.sleep(0)
        return {"A1"}

    async def answered_async(portal, customer):
        visit = portal.visit(None)
        with visit.opened():
            shown(customer)
            assert visit.asks
            await visit.ask_async()
            stopped = visit.stops()
        visit.end(Asked, 200)
        return stopped

    portal, lines = watched(own=own, grade="block")
    assert asyncio.run(answered_async(portal, "A2"))
    assert not asyncio.run(answered_async(portal, "A1"))
    assert not answered(portal, "A1")
    assert [line.get("why") for line in lines()] == ["foreign", None, UNDECIDED]


def test_own_is_asked_once_for_a_request(watched):
    asked = []
    portal, _ = watched(own=lambda request: asked.append(request) or {"A1"}, grade="block")
    answered(portal, "A1", late=["A2"])
    assert asked == [{"who": "anna"}]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"key": b""}, "customers would be logged in clear"),
        ({"key": b"short"}, "has 5 bytes"),
        ({"grade": "block"}, "nothing says whose page is whose"),
        ({"grade": "deny"}, "grade is `report` or `block`"),
        ({"counted": "all"}, "counted is `used` or `shown`"),
        ({"limit": 0}, "must be at least 1"),
    ],
)
def test_what_cannot_work_is_said_at_once(watched, settings, reason):
    with pytest.raises(SettingError, match=reason):
        watched(**settings)


def test_customers_are_logged_in_clear_only_where_that_is_said(watched):
    portal, lines = watched(key=b"", clear=True)
    answered(portal, "A1")
    assert lines()[0]["customer"] == "A1"


def test_a_portal_shows_no_secret(watched):
    portal, _ = watched(own=lambda _: {"447700900123"})
    assert "kkkk" not in repr(portal)
    assert portal.key == b""


class Full:
    """A sink that takes nothing."""

    def write(self, _):
        return 0


def test_a_full_queue_holds_up_no_page_and_is_told(tmp_path):
    portal = Portal(tmp_path, key=b"k" * 32, queue=5)
    portal.writer._sink, portal.writer._pause = Full(), 60  # nothing leaves the queue
    for _ in range(9):
        answered(portal, "A1")
    assert portal.health()["lost"] == 4
    portal.close()


def test_importing_the_middleware_loads_nothing_but_the_standard_library():
    # what Python itself begins with on a machine (sitecustomize) is not the middleware's
    program = (
        "import sys; own = set(sys.modules); import whosaw.middleware; print(*{name.partition('.')[0] for name in set(sys.modules) - own"
    )
    program += " if name.partition('.')[0] not in sys.stdlib_module_names})"
    found = subprocess.run([sys.executable, "-c", program], env=os.environ, check=True, capture_output=True, text=True).stdout.split()
    assert [name for name in found if not name.startswith("_")] == ["whosaw"]
