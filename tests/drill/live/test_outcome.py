import json

import pytest

from whosaw.drill.live.faults import switches
from whosaw.drill.live.outcome import conclude
from whosaw.drill.live.settings import LOGS

PORTAL = (
    '127.0.0.1 - {login} [10/Jan/2012:12:00:0{second} +0000] "GET {path}?x=1 HTTP/1.1" {status} 9 "-" "A" rid="{rid}" sid="{sid}" browser="{sid}"'
    ' shown="{shown}" made_for="{made_for}" cache="{cache}"'
)


def portal(second, rid, **changes):
    facts = {"login": "", "path": "/me", "status": 200, "sid": "", "shown": "-", "made_for": "-", "cache": "-"}
    return PORTAL.format(second=second, rid=rid, **facts | changes)


def wrong(rid, **changes):
    facts = {"channel": "portal", "route": "/me", "recipient": "ann", "customer": "A2", "fault": "session-mixup"}
    return json.dumps({"time": "2012-01-10T12:00:00.500+00:00", "id": rid, **facts | changes})


@pytest.fixture
def told(tmp_path, cast):
    """Return the truth of given logs."""

    def truth(noted, *faults, **logs):
        (tmp_path / "truth.jsonl").write_text("".join(f"{line}\n" for line in noted))
        for channel, lines in logs.items():
            path = tmp_path / LOGS[channel]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines))
        conclude(tmp_path, switches(faults), cast, 7)
        return json.loads((tmp_path / "truth.json").read_text())

    return truth


def test_what_was_noted_is_found_again_in_each_log(told):
    truth = told(
        [
            wrong("r1"),
            wrong("b1", channel="bills", route="/graphql", recipient="max", fault="missing-tenant-check"),
            wrong("a1", channel="crm", route="summary", recipient="e-amy", fault="lookup-without-reason"),
            wrong("54", channel="gateway", route="X-MSISDN", recipient="news.example", fault="header-to-everyone"),
        ],
        portal=[portal(0, "r0"), portal(1, "r1", login="ann", shown="A2")],
        bills=['{"time": "2012-01-10T12:00:02.000+00:00", "line": "b1"}'],
        crm=["time,agent,screen,account,reason,status,line", "2012-01-10T12:00:03.250+00:00,e-amy,summary,A2,,200,a1"],
        gateway=["1326196804.500      4 127.0.1.1 TCP_MISS/200 486 GET http://news.example:81/ 447700900001 54 text/html"],
    )
    assert truth["unentitled_rows"] == [[LOGS["bills"], 1], [LOGS["crm"], 2], [LOGS["gateway"], 1], [LOGS["portal"], 2]]
    assert [(i["detectors"], i["first"]) for i in truth["incidents"]] == [
        (["account-mixup"], "2012-01-10T12:00:01+00:00"),
        (["object-walk"], "2012-01-10T12:00:02+00:00"),
        (["unexplained-lookup"], "2012-01-10T12:00:03.250+00:00"),
        (["enriched-request"], "2012-01-10T12:00:04.500+00:00"),
    ]


def test_what_a_cache_handed_out_is_read_from_the_one_who_handed_it_out(told, who):
    ann, bob = who["ann"], who["bob"]
    page = {"path": "/me/phonebook", "shown": ann.account, "made_for": "s1"}
    truth = told(
        [], "cached-page",
        portal=[
            portal(0, "r0", login=ann.login, sid="s1", cache="MISS", **page),
            portal(1, "r1", login=bob.login, sid="s2", cache="HIT", **page),
            portal(2, "r2", cache="HIT", **page),
            portal(3, "r3", login=ann.login, sid="s1", cache="HIT", **page),
        ],
    )  # fmt: skip
    (incident,) = truth["incidents"]
    assert truth["unentitled_rows"] == [[LOGS["portal"], 2], [LOGS["portal"], 3]]
    assert (incident["scenario"], incident["customers"], incident["recipients"]) == ("cached-page", [ann.account], ["-", bob.login])


def test_a_page_that_did_not_arrive_was_not_shown(told):
    truth = told([wrong("r1")], portal=[portal(1, "r1", login="ann", status=499)])
    assert (truth["incidents"], truth["unentitled_rows"]) == ([], [])


def test_what_no_log_holds_was_shown_all_the_same(told):
    truth = told([wrong("r1"), wrong("x", customer="A3")], portal=[portal(1, "r1", login="ann", shown="A2")])
    (incident,) = truth["incidents"]
    assert (incident["customers"], incident["customers_true"], incident["first_true"]) == (
        ["A2"],
        ["A2", "A3"],
        "2012-01-10T12:00:00.500+00:00",
    )


def test_faults_that_look_alike_are_one_incident_and_routes_that_are_found_apart_are_two(told):
    truth = told(
        [
            wrong("r1"), wrong("r2", fault="relogin-mixup"),
            wrong("r3", route="/a", fault="missing-object-check"), wrong("r4", route="/b", fault="writable-profile"),
        ],
        portal=[portal(second, f"r{second}", login="ann", shown="A2") for second in range(1, 5)],
    )  # fmt: skip
    assert [(i["detectors"][0], i["rows"]) for i in truth["incidents"]] == [("account-mixup", 2), ("object-walk", 1), ("object-walk", 1)]


def test_what_has_the_shape_of_no_leak_type_is_an_incident_of_its_own(told):
    truth = told(
        [
            wrong("r1", route="/export", recipient="", fault="anonymous-export"), wrong("r2", route="/export", fault="anonymous-export"),
            wrong("r3", fault="cached-cookie"), wrong("r4", recipient="", fault="cached-cookie"), wrong("r5", route="/x", fault="none"),
        ],
        portal=[portal(second, f"r{second}", shown="A2") for second in range(1, 6)],
    )  # fmt: skip
    assert [(i["detectors"][0], i["cause"]["value"]) for i in truth["incidents"]] == [
        ("anonymous-read", "/export"), ("foreign-record", "/export"), ("shared-session", "/me"), ("foreign-record", "/me"), ("foreign-record", "/x"),
    ]  # fmt: skip
