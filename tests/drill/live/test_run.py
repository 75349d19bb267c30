"""The live operator as a whole: what leaks when a fault is on, what does not, and that the logs of the run tell the same."""

import functools
import json
import os
import threading
import time
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from types import SimpleNamespace

import pytest

from whosaw.cli.drilling import compare
from whosaw.drill.live import run
from whosaw.drill.live.client import Client
from whosaw.drill.live.faults import FAULTS, switches
from whosaw.drill.live.processes import CannotStartError
from whosaw.drill.live.run import FACTS, Operator
from whosaw.drill.live.traffic import play, world_of
from whosaw.drill.live.visits import CURIOUS, ORDINARY, browse

TOGETHER = (
    "cached-page", "missing-object-check", "writable-profile", "anonymous-export", "former-owner", "missing-tenant-check",
    "lookup-without-reason", "header-to-everyone",
)  # fmt: skip
"""Faults that keep out of each other's way: one run shows all of them."""

VISITS = (*[browse] * 24, *ORDINARY, *CURIOUS)
"""Eight regulars come three times each, then everybody else once."""


def opened(folder, *faults):
    return Operator(folder, faults=switches(faults), clock=time.time)  # noqa: TID251 - a live operator lives now


def crowd(operator, requests):
    """Eight customers ask for their own pages at the same time."""
    world = world_of(operator, "crowd")

    def asks(who):
        login = world.consumers()[who]
        with world.client("portal", who) as browser:
            browser.form("/login", login=login.name, password=operator.cast.password(login.name))
            for _ in range(requests // 8):
                browser.get("/me")

    threads = [threading.Thread(target=asks, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture(scope="module")
def day(place, judged):
    """A day at the operator with some faults on: what was really shown wrongly, and what the logs tell of it."""

    @functools.cache
    def lived(*faults):
        folder = place()
        with opened(folder, *faults) as operator:
            played = play(world_of(operator, "visitor"), VISITS)
            crowd(operator, 640)
            facts, pids = json.loads((folder / FACTS).read_text()), [proxy.pid for proxy in operator.proxies]
        truth = json.loads((folder / "truth.json").read_text())
        result = judged(folder)
        return SimpleNamespace(
            folder=folder, truth=truth, result=result, compared=compare(result, truth), played=played, facts=facts, pids=pids
        )

    return lived


def test_without_a_fault_nobody_is_shown_anything_without_a_reason_whatever_the_curious_try(day):
    quiet = day()
    assert quiet.result.incidents == []
    assert (quiet.result.verdicts.unentitled, quiet.result.verdicts.cannot_judge, quiet.result.read.rejected) == (0, 0, 0)
    assert quiet.result.verdicts.entitled > 700
    assert (quiet.truth["incidents"], quiet.truth["unentitled_rows"]) == ([], [])


def found(there, fault):
    """Return the pairs of what a fault really did and what was found of it; nothing may be missed, wrong or invented."""
    assert there.compared.extra == []
    assert [problems for _, _, problems in there.compared.pairs if problems] == []
    return [(true, incident) for true, incident, _ in there.compared.pairs if true["scenario"] == fault]


@pytest.mark.parametrize("fault", TOGETHER)
def test_each_fault_leaks_and_the_logs_tell_who_saw_whom_since_when(day, fault):
    pairs = found(day(*TOGETHER), fault)
    assert pairs, "it really leaked"
    for true, incident in pairs:
        assert incident.detector in FAULTS[fault].detectors
        assert incident.disclosures == true["rows"]
        assert incident.recipients.count == len(true["recipients"]) or true["recipients"] == ["-"]


@pytest.mark.parametrize("fault", ["relogin-mixup", "cached-cookie", "session-mixup=0.01"])
def test_a_fault_that_takes_one_customer_for_another_is_found_with_all_its_rows(day, fault):
    there = day(fault)
    ((true, incident),) = found(there, fault.partition("=")[0])
    assert incident.evidence_kind in {"certain", "strong"}
    assert len(true["recipients"]) >= 2
    assert there.result.verdicts.unentitled == true["rows"]


def test_all_at_once_every_fault_leaks_and_every_leaking_row_is_judged_so(day):
    there = day(*FAULTS)
    assert {name for fault in FAULTS.values() for name in fault.detectors} == {incident.detector for incident in there.result.incidents}
    assert len(there.truth["unentitled_rows"]) == there.result.verdicts.unentitled
    assert {incident.channel for incident in there.result.incidents} == {"portal", "bills", "crm", "gateway"}


def test_a_probe_is_told_all_it_needs_but_not_the_page_that_nobody_should_know_of(day):
    facts, folder = day().facts, day().folder
    assert set(facts["urls"]) == {"portal", "bills", "crm", "gateway"}
    assert all(url.startswith("http://127.0.0.1:") for url in facts["urls"].values())
    assert [identity["name"] for identity in facts["identities"]] == ["ann", "bob", "old", "eva", "fay", "ada", "max", "amy", "ben"]
    document = json.loads((folder / facts["files"]["openapi"]["portal"]).read_text())
    assert document["servers"] == [{"url": facts["urls"]["portal"]}]
    assert "/export/customers/{account}" not in document["paths"]
    assert "/export/customers/" in (folder / facts["files"]["access_logs"]["portal"]).read_text()


def test_when_it_has_ended_nothing_is_left_running(day):
    there = day()
    for pid in there.pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    for url in there.facts["urls"].values():
        assert Client(url).get("/").status == 0


def test_a_cache_that_shows_a_page_to_others_says_nothing_of_it(place):
    with opened(place(), "cached-page", "cached-cookie") as operator, ExitStack() as clients:
        names = {identity.name: identity for identity in operator.cast.identities}
        ann, bob = (clients.enter_context(Client(operator.urls["portal"])) for _ in range(2))
        for browser, name in ((ann, "ann"), (bob, "bob")):
            browser.form("/login", login=names[name].login, password=names[name].password)
        assert ann.get("/me/phonebook?a").body == bob.get("/me/phonebook?a").body
        stranger = clients.enter_context(closing(HTTPConnection(operator.urls["portal"].removeprefix("http://"), timeout=10)))
        stranger.request("GET", "/me/phonebook?a")
        answer = stranger.getresponse()
        assert names["ann"].canaries["phonebook"].encode() in answer.read()
        assert {name.lower() for name in answer.headers} == {
            "server", "date", "content-type", "content-length", "connection", "cache-control",
        }  # fmt: skip
        ann.get("/help?b")
        bob.get("/help?b")
        assert bob.cookies["sid"] == ann.cookies["sid"]
        assert names["ann"].account in bob.get("/me").body.decode()


def test_a_second_start_in_the_same_folder_is_refused_and_disturbs_nobody(place):
    folder = place()
    with opened(folder) as operator:
        with pytest.raises(CannotStartError, match="running already"):
            opened(folder)
        with Client(operator.urls["portal"]) as browser:
            assert browser.get("/").status == 200
        assert operator.fallen() == ""
    with opened(folder):
        pass


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CannotStartError, match="is not empty and no former run"):
        opened(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_cannot_start_leaves_nothing_behind(place, monkeypatch):
    def broken(*_, **__):
        raise CannotStartError("no", hint="none")

    folder = place()
    with monkeypatch.context() as patch:
        patch.setattr(run.squid, "start", broken)
        with pytest.raises(CannotStartError, match="no"):
            opened(folder)
    assert not any(str(folder).encode() in line for line in command_lines())
    with opened(folder):
        pass


def command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()


def test_nothing_but_loopback_is_listened_at(tmp_path):
    with pytest.raises(ValueError, match="no IPv4 loopback address"):
        Operator(tmp_path / "x", faults=switches([]), clock=time.time, address="0.0.0.0")  # noqa: S104, TID251 - is refused
    assert not (tmp_path / "x").exists()
