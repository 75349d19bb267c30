"""The system, a cache and a mix-up are told apart by asking again, under the same address and under one that no cache has seen."""

import pytest

import selfcare
from whosaw.config.probing import Declared
from whosaw.probes.asking.cause import cause
from whosaw.probes.asking.operations import asked, declared


def seen_by_bob(run, path):
    for identity in run.target.identity:
        assert run.control(identity)
    op = declared(Declared(path=path))
    ann = run.target.named("ann")
    request = asked(op, run.target.url, {"bill": "B-5001"})
    run.ask(run.sessions["ann"], request)
    seen = run.ask(run.sessions["bob"], request, owners=(ann,))
    (sighting,) = seen.sightings
    return cause(run, seen, sighting, "foreign-record", op)


@pytest.mark.parametrize(
    ("fault", "path", "kind"),
    [("bill", "/bills/{bill}", "foreign-record"), ("cached-page", "/phonebook", "cached-page")],
)
def test_the_system_and_a_cache_are_told_apart(portal, tmp_path, fault, path, kind):
    run = selfcare.run_on(portal(fault), tmp_path)
    assert seen_by_bob(run, path) == kind
    run.gate.close()


def test_what_is_never_seen_again_is_a_mixup(portal, tmp_path):
    started = portal()
    run = selfcare.run_on(started, tmp_path)
    original = started.canaries["bob"]
    asks = []
    inner = run.gate._transport.send

    def once(request):
        if "/phonebook" in request.url:
            asks.append(request)
            started.canaries["bob"] = started.canaries["ann"] if len(asks) == 2 else original
        return inner(request)

    run.gate._transport.send = once
    assert seen_by_bob(run, "/phonebook") == "account-mixup"
    run.gate.close()


def test_a_page_that_refuses_the_extra_parameter_is_not_blamed_on_a_cache(portal, tmp_path):
    faulty = portal("bill", "strict")
    run = selfcare.run_on(faulty, tmp_path)
    assert seen_by_bob(run, "/bills/{bill}") == "foreign-record"
    run.gate.close()
