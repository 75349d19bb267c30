"""Which answers do the tests of this room render? A rich one, a clean one, one that could not be judged, an empty one, a hostile one."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import msgspec

from whosaw.model import (
    Bound,
    Cause,
    Coverage,
    Evidence,
    Gap,
    Incident,
    ReadCounts,
    Recipients,
    Rejected,
    Repair,
    Result,
    Severity,
    Verdicts,
)

CLAIMS = {
    "cached-page": "a cache stored a personal page and handed it to someone else",
    "account-mixup": "people who logged in were shown another customer's account as their own",
    "enriched-request": "the gateway gave customers' identifiers to sites that have no agreement",
    "object-walk": "changing an identifier in the address opened other customers' records",
    "unexplained-lookup": "an employee looked up a customer and no contact, ticket, duty or request explains it",
    "foreign-record": "a recipient was shown a customer's record and nothing on file entitles them; no known leak has this shape",
}
HOSTILE = (
    "</script><script>alert(1)</script>",
    "</style></title><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" \'',
    "\u202egpj.exe\u202c \u200f\u061c",
    "\x1b[31mred\x1b[0m\x07\r\n",
    "{{ 7*7 }} {% raw %} [bold]markup[/bold] `tick",
    "<!-- ]]> &lt; &#x3c;",
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(first: str, counts: list[int]) -> list[tuple[datetime, int]]:
    return [(at(first) + timedelta(days=i), n) for i, n in enumerate(counts) if n]


def enriched() -> Incident:
    counts = [1890, 3120, 3344, 3050, 2410, 2280, 3301, 3390, 3455, 3510, 3244, 2501, 2390, 3602, 3711, 2914]
    return Incident(
        id="INC-1",
        detector="enriched-request",
        evidence_kind=Evidence.CERTAIN,
        channel="gateway",
        since=at("2012-01-10T02:14:00"),
        since_earliest=at("2012-01-09T23:00:00"),
        until=at("2012-01-25T14:02:00"),
        disclosures=sum(counts),
        customers=Bound(31_884, 35_940),
        recipients=Recipients(9_318, {"site": 9_318}),
        data=["number"],
        cause=Cause("header", "x-up-calling-line-id"),
        severity=Severity(2, 2),
        evidence=[f"gateway/gw-{1 + i % 3}-2012-01-10.log:{118_204 + 37 * i}" for i in range(50)],
        test_accounts=0,
        timeline=days("2012-01-10T00:00:00", counts),
        why=[
            "`gw-2` has no lines from 2012-01-09 23:00 UTC to 2012-01-10 02:14 UTC: the leak may have begun in that time",
            "4,056 more records of the same kind were shown whose customer is not known",
        ],
        where=[(f"site-{i:02d}.example", 6_800 // i) for i in range(1, 13)],
    )


def mixup() -> Incident:
    return Incident(
        id="INC-2",
        detector="account-mixup",
        evidence_kind=Evidence.CERTAIN,
        channel="portal",
        since=at("2012-01-17T08:31:00"),
        since_earliest=at("2012-01-17T08:31:00"),
        until=at("2012-01-17T11:58:00"),
        disclosures=214,
        customers=Bound(63, 63),
        recipients=Recipients(71, {"customer_login": 69, "company_user": 2}),
        data=["identity", "contact", "account", "call_detail"],
        cause=Cause("route", "/selfcare/home"),
        severity=Severity(3, 3),
        evidence=[f"portal/app-1.jsonl:{90_411 + i}" for i in range(12)],
        test_accounts=1,
        timeline=days("2012-01-17T00:00:00", [214]),
        why=[],
        where=[("/selfcare/home", 171), ("/selfcare/phonebook", 43)],
    )


def walk() -> Incident:
    counts = [2, 0, 0, 9, 0, 1, 0, 0, 388, 231, 4, 0, 12]
    return Incident(
        id="INC-3",
        detector="object-walk",
        evidence_kind=Evidence.STRONG,
        channel="bill-manager",
        since=at("2012-01-04T00:05:00"),
        since_earliest=None,
        until=at("2012-01-16T22:40:00"),
        disclosures=sum(counts),
        customers=Bound(604, 23_480),
        recipients=Recipients(4, {"company_user": 4}),
        data=["number", "bill", "call_detail"],
        cause=Cause("route", "/bill/{bill}"),
        severity=Severity(3, 4),
        evidence=[f"billmanager/access.log:{2_011 + i}" for i in range(50)],
        test_accounts=0,
        timeline=days("2012-01-04T00:00:00", counts),
        why=[
            "the logs of this channel begin at 2012-01-04 00:00 UTC: the leak may be older than they reach",
            "`billmanager` has no lines from 2012-01-12 04:00 UTC to 2012-01-12 15:30 UTC: any of 23,480 customers may be affected",
        ],
        where=[("/bill/{bill}", 598), ("/bill/{bill}/calls", 49)],
    )


def lookup() -> Incident:
    counts = [1, 0, 0, 2, 0, 0, 1]
    return Incident(
        id="INC-4",
        detector="unexplained-lookup",
        evidence_kind=Evidence.STRONG,
        channel="crm",
        since=at("2012-01-08T10:41:00"),
        since_earliest=at("2012-01-08T10:41:00"),
        until=at("2012-01-14T17:20:00"),
        disclosures=4,
        customers=Bound(1, 1),
        recipients=Recipients(1, {"employee": 1}),
        data=["identity", "call_detail"],
        cause=Cause("recipient", "r:5c02b81f99ad"),
        severity=Severity(3, 3),
        evidence=["crm/audit-2012-01.csv:8811", "crm/audit-2012-01.csv:9640", "crm/audit-2012-01.csv:9641", "crm/audit-2012-01.csv:11872"],
        test_accounts=0,
        timeline=days("2012-01-08T00:00:00", counts),
        why=[],
        where=[("customer.calls", 4)],
    )


def foreign() -> Incident:
    return Incident(
        id="INC-5",
        detector="foreign-record",
        evidence_kind=Evidence.WEAK,
        channel="portal",
        since=at("2012-01-19T06:12:00"),
        since_earliest=at("2012-01-19T06:12:00"),
        until=at("2012-01-22T20:45:00"),
        disclosures=37,
        customers=Bound(29, 29),
        recipients=Recipients(22, {"service": 1, "customer_login": 21}),
        data=["account"],
        cause=Cause("route", "/api/v2/usage"),
        severity=Severity(1, 1),
        evidence=[f"portal/app-2.jsonl:{4_410 + i}" for i in range(37)],
        test_accounts=3,
        timeline=days("2012-01-19T00:00:00", [5, 11, 0, 21]),
        why=[],
        where=[("/api/v2/usage", 37)],
    )


def rich() -> Result:
    """Five incidents, gaps, doubts and repairs."""
    found = [enriched(), mixup(), walk(), lookup(), foreign()]
    dice = random.Random(2012)  # noqa: S311 - the same numbers in every run
    bad = dict.fromkeys((at("2012-01-04T00:00:00") + timedelta(days=i) for i in range(28)), 0)
    for incident in found:
        for day, n in incident.timeline:
            bad[day] += n
    for i in range(8):
        bad[at("2012-01-20T00:00:00") + timedelta(days=i)] += 4
    timeline = [
        (
            day,
            31_000 + dice.randrange(9_000) - (12_000 if day.weekday() > 4 else 0),
            n,
            1_900 + dice.randrange(900) + (14_000 if 8 < i < 11 else 0),
        )
        for i, (day, n) in enumerate(bad.items())
    ]
    verdicts = Verdicts(sum(e for _, e, _, _ in timeline), sum(u for _, _, u, _ in timeline), sum(c for _, _, _, c in timeline))
    shown = verdicts.entitled + verdicts.unentitled + verdicts.cannot_judge
    return Result(
        schema="whosaw.result/1",
        made=at("2012-02-01T09:00:00"),
        read=ReadCounts(shown + 812 + 388_114, shown, 812, 388_114),
        verdicts=verdicts,
        coverage=coverage(),
        incidents=found,
        repairs=repairs(),
        cannot_judge={
            "the line names no customer, and its object has no owner at that time": verdicts.cannot_judge - 2_071,
            "the records that could justify it have a gap at that time": 2_071,
        },
        rejected=[Rejected("gw-2", "gateway/gw-2-2012-01-11.log", 40_211 + 9 * i, "a quote is not closed") for i in range(6)]
        + [Rejected("billmanager", "billmanager/access.log", 77, "the time is not a time")],
        doubts=[
            "`gateway/gw-3-2012-01-21.log.gz` is damaged after 40,112 lines",
            "3 of 214,000 rows of owners make no sense and were left out",
        ],
        timeline=timeline,
        config_hash="9f3c12ab77e0d4e1",
        grouping="whosaw.grouping/1",
        command="whosaw judge whosaw.toml --out html=report.html",
    )


def coverage() -> list[Coverage]:
    end = at("2012-01-31T23:58:00")
    return [
        Coverage("gw-1", "gateway", 612_050, 410_300, 0, at("2012-01-04T00:00:00"), end, []),
        Coverage("gw-2", "gateway", 488_200, 321_100, 811, at("2012-01-04T00:00:00"), end, [
            Gap(at("2012-01-09T23:00:00"), at("2012-01-10T02:14:00"), 4_812),
            Gap(at("2012-01-27T00:00:00"), at("2012-01-29T06:00:00"), 0),
        ]),
        Coverage("portal", "portal", 240_118, 201_404, 0, at("2012-01-04T00:02:00"), at("2012-01-30T08:11:00"), []),
        Coverage("billmanager", "bill-manager", 61_992, 44_018, 1, at("2012-01-04T00:00:00"), end, [
            Gap(at("2012-01-12T04:00:00"), at("2012-01-12T15:30:00"), 1_204)
        ]),
        Coverage("crm", "crm", 12_040, 12_040, 0, at("2012-01-07T06:00:00"), at("2012-01-31T19:02:00"), []),
        Coverage("shop-tills", "shop", 0, 0, 0, None, None, []),
    ]  # fmt: skip


def repairs() -> list[Repair]:
    return [
        Repair(
            id="REP-1",
            basis="delegation",
            recipient="r:77a01be2c9f4",
            customers=3,
            disclosures=31,
            since=at("2012-01-20T07:00:00"),
            until=at("2012-01-27T16:10:00"),
            sentence="r:77a01be2c9f4 was shown 3 customers who belong together, and returned to them: a delegation seems to be missing",
            command="whosaw repair REP-1 --reason '...' --by NAME",
        ),
        Repair(
            id="REP-2",
            basis="ownership",
            recipient="r:1b9c44e07d21",
            customers=1,
            disclosures=1,
            since=at("2012-01-21T09:14:00"),
            until=at("2012-01-21T09:14:00"),
            sentence="r:1b9c44e07d21 was only ever shown one customer's account as their own, and no login row says that it is theirs",
            command="whosaw repair REP-2 --reason '...' --by NAME",
        ),
    ]


def clean() -> Result:
    """Nothing unentitled, but not everything could be judged."""
    timeline = [(at("2012-03-01T00:00:00") + timedelta(days=i), 29_700 + 31 * i, 0, 280 + i) for i in range(30)]
    entitled, open_ = sum(e for _, e, _, _ in timeline), sum(c for _, _, _, c in timeline)
    return Result(
        schema="whosaw.result/1",
        made=at("2012-04-02T09:00:00"),
        read=ReadCounts(entitled + open_ + 1_000, entitled + open_, 0, 1_000),
        verdicts=Verdicts(entitled, 0, open_),
        coverage=[
            Coverage(
                "portal", "portal", entitled + open_ + 1_000, entitled + open_, 0, at("2012-03-01T00:00:00"), at("2012-03-30T23:59:00"), []
            )
        ],
        incidents=[],
        repairs=[],
        cannot_judge={"the line does not say who was shown the data": open_},
        rejected=[],
        doubts=[],
        timeline=timeline,
        config_hash="9f3c12ab77e0d4e1",
        grouping="whosaw.grouping/1",
        command="whosaw judge whosaw.toml",
    )


def unjudged() -> Result:
    """Logs without a configuration: all was read, nothing could be judged."""
    result = clean()
    timeline = [(day, 0, 0, e + c) for day, e, _, c in result.timeline]
    shown = result.read.disclosures
    return msgspec.structs.replace(
        result,
        verdicts=Verdicts(0, 0, shown),
        cannot_judge={"no entitlement of any kind is configured": shown},
        timeline=timeline,
        config_hash="",
        command="whosaw judge access.log",
    )


def empty() -> Result:
    """Not a single line."""
    return msgspec.structs.replace(
        clean(),
        read=ReadCounts(0, 0, 0, 0),
        verdicts=Verdicts(0, 0, 0),
        coverage=[],
        cannot_judge={},
        doubts=["`access.log` is empty"],
        timeline=[],
        config_hash="",
        command="whosaw judge access.log",
    )


def hostile(text: str) -> Result:
    """The rich answer with a text of an attacker in every field that a log, a path or a person can fill."""
    result = rich()
    incidents = [
        msgspec.structs.replace(
            i,
            channel=text,
            cause=Cause("route", text),
            evidence=[f"{text}:7", text],
            why=[text, f"`{text}` has no lines"],
            where=[(text, 3)],
            data=[text],
            recipients=Recipients(2, {text: 2}),
        )
        for i in result.incidents
    ]
    return msgspec.structs.replace(
        result,
        incidents=incidents,
        coverage=[msgspec.structs.replace(c, source=text, channel=text) for c in result.coverage],
        repairs=[msgspec.structs.replace(r, recipient=text, sentence=text, command=text) for r in result.repairs],
        rejected=[Rejected(text, text, 1, text)],
        cannot_judge={text: result.verdicts.cannot_judge},
        doubts=[text],
        config_hash=text,
        command=text,
    )


ALL = {"rich": rich, "clean": clean, "unjudged": unjudged, "empty": empty}
