"""What does the answer say, in words? One place, so that terminal, page and exports say the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from whosaw.model import Evidence
from whosaw.report.figures import bound, counted, lasting, moment, number, share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from whosaw.model import Coverage, Incident, Recipients, Result, Severity

LEAST_JUDGED = 0.5
"""Below this share of judged disclosures the answer says first that it may mislead."""
MOST_REJECTED = 0.05
"""Above this share of unreadable lines the answer says first that it may mislead."""
GAPS_TOLD = 3
"""How many gaps of one source are told one by one; more are summed up."""

_KINDS = {
    "customer_login": ("customer login", "customer logins"),
    "company_user": ("company user", "company users"),
    "employee": ("employee", "employees"),
    "site": ("site", "sites"),
    "authority": ("authority", "authorities"),
    "service": ("service", "services"),
    "anonymous": ("visitor who had not logged in", "visitors who had not logged in"),
    "unknown": ("unknown recipient", "unknown recipients"),
}
_DATA = {
    "number": "phone number",
    "identity": "identity",
    "contact": "contact details",
    "account": "account",
    "bill": "bill",
    "call_detail": "call details",
    "location": "location",
    "device": "device",
    "content": "content of communication",
    "credentials": "credentials",
}
_LEVELS = {1: "low", 2: "medium", 3: "high", 4: "very high"}
PROOF = {
    Evidence.CERTAIN: "the rows prove it by themselves",
    Evidence.STRONG: "the pattern is hard to explain in any other way",
    Evidence.WEAK: "no reason is on file, and one may be missing there",
}


class State(StrEnum):
    """What kind of answer this is. "Nothing found" and "not looked at" must never look alike."""

    FOUND = "unentitled disclosures found"
    CLEAN = "no unentitled disclosure found"
    UNJUDGED = "nothing could be judged"
    NOT_SHOWN = "no disclosure in what was read"
    NOT_READ = "nothing was read"


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer in short: its kind, what may mislead a reader, and one sentence that may be quoted."""

    state: State
    warnings: tuple[str, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that must be known before the answer is quoted."""

    kind: str
    text: str


def judged(result: Result) -> int:
    """Return how many disclosures got a verdict other than "cannot judge"."""
    return result.verdicts.entitled + result.verdicts.unentitled


def headline(result: Result) -> Headline:
    """Return the answer in short, with what would mislead said before it."""
    state = _state(result)
    return Headline(state, tuple(_warnings(result, state)), _SENTENCES[state](result))


def _state(result: Result) -> State:
    if not result.read.lines:
        return State.NOT_READ
    if not result.read.disclosures:
        return State.NOT_SHOWN
    if not judged(result):
        return State.UNJUDGED
    return State.FOUND if result.verdicts.unentitled else State.CLEAN


def _found(result: Result) -> str:
    unentitled, incidents = result.verdicts.unentitled, result.incidents
    if not incidents:
        return (
            f"No incident was found in what could be judged; {counted(unentitled, 'disclosure')} "
            f"without an entitlement on file {'looks' if unentitled == 1 else 'look'} like missing records."
        )
    largest = max(incidents, key=lambda i: i.customers.at_least)
    first = min(incidents, key=lambda i: i.since)
    sure = all(i.since_earliest is not None and i.since_earliest >= first.since for i in incidents)
    shown = counted(sum(i.disclosures for i in incidents), "disclosure")
    subject = "It concerns" if len(incidents) == 1 else "The largest concerns"
    return (
        f"Customer data was shown without an entitlement on file: {shown} in {counted(len(incidents), 'incident')}, "
        f"from {moment(first.since)}{'' if sure else ' or earlier'} to {moment(max(i.until for i in incidents))}. "
        f"{subject} {bound(largest.customers)} customer{'' if largest.customers.at_most == 1 else 's'}."
    )


def _clean(result: Result) -> str:
    shown = result.read.disclosures
    return (
        f"No unentitled disclosure was found in what could be judged: "
        f"{number(judged(result))} of {counted(shown, 'disclosure')} ({share(judged(result), shown)})."
    )


def _unjudged(result: Result) -> str:
    return f"Nothing can be said: none of the {number(result.read.disclosures)} disclosures could be judged."


def _not_shown(result: Result) -> str:
    return f"Nothing can be said: none of the {counted(result.read.lines, 'line')} read shows a customer's data."


def _not_read(_: Result) -> str:
    return "Nothing can be said: no line was read."


_SENTENCES = {
    State.FOUND: _found,
    State.CLEAN: _clean,
    State.UNJUDGED: _unjudged,
    State.NOT_SHOWN: _not_shown,
    State.NOT_READ: _not_read,
}


def _warnings(result: Result, state: State) -> list[str]:
    read, out = result.read, []
    if state in {State.UNJUDGED, State.NOT_SHOWN, State.NOT_READ}:
        out.append(f"This is not a finding that all was well: {state}.")
    elif judged(result) < LEAST_JUDGED * read.disclosures:
        out.append(
            f"Only {share(judged(result), read.disclosures)} of what was shown could be judged: "
            f"whatever is counted below is the least that happened."
        )
    if read.rejected > MOST_REJECTED * read.lines:
        out.append(f"{share(read.rejected, read.lines)} of the lines could not be read: {number(read.rejected)} of {number(read.lines)}.")
    return out


def funnel(result: Result) -> str:
    """Return the four numbers in one line."""
    shown, ok = result.read.disclosures, judged(result)
    return (
        f"shown {number(shown)} -> judged {number(ok)} ({share(ok, shown)}) "
        f"-> unentitled {number(result.verdicts.unentitled)} / cannot judge {number(result.verdicts.cannot_judge)}"
    )


def doubts(result: Result) -> list[Doubt]:
    """Return all that was not looked at or could not be judged, the largest first within its kind."""
    reasons = sorted(result.cannot_judge.items(), key=lambda pair: -pair[1])
    out = [] if result.read.disclosures else [Doubt("not looked at", _nothing_shown(result))]
    out += [Doubt("cannot judge", f"{counted(n, 'disclosure')}: {why}") for why, n in reasons]
    out += [Doubt("empty source", f"`{c.source}` was given and holds nothing") for c in result.coverage if not c.lines]
    out += [Doubt("no log", text) for c in result.coverage for text in gaps(c)]
    if result.read.rejected:
        rejected, lines = result.read.rejected, result.read.lines
        out.append(Doubt("unreadable", f"{number(rejected)} of {counted(lines, 'line')} ({share(rejected, lines)}) could not be read"))
    return out + [Doubt("note", text) for text in result.doubts]


def _nothing_shown(result: Result) -> str:
    if not result.read.lines:
        return "no line was read"
    return "no line was recognised as showing a customer's data; its routes or fields may be missing from the configuration"


def gaps(coverage: Coverage) -> list[str]:
    """Return a sentence per gap of a source, or one for all when they are many."""
    found = coverage.gaps
    if len(found) <= GAPS_TOLD:
        return [
            f"`{coverage.source}` has no lines from {moment(g.since)} to {moment(g.until)} ({lasting(g.until - g.since)}, "
            + (f"about {counted(g.expected, 'line')} expected)" if g.expected else "known to the operator)")
            for g in found
        ]
    longest = max(found, key=lambda g: g.until - g.since)
    total = lasting(sum((g.until - g.since for g in found), timedelta()))
    span = f"{moment(longest.since)} to {moment(longest.until)}"
    return [f"`{coverage.source}` has {len(found)} gaps, {total} in all; the longest from {span}"]


def began(incident: Incident) -> str:
    """Return since when: the first certain moment, and from when on it is possible."""
    certain = moment(incident.since)
    if incident.since_earliest is None:
        return f"{certain} certain; possibly older than the logs reach"
    if incident.since_earliest < incident.since:
        return f"{certain} certain; possible from {moment(incident.since_earliest)}"
    return f"{certain} certain"


def kinds(them: Recipients) -> str:
    """Return the kinds of recipients with their counts, the most first."""
    ranked = sorted(them.kinds.items(), key=lambda pair: -pair[1])
    return ", ".join(counted(n, *_KINDS.get(kind, (kind, kind))) for kind, n in ranked)


def recipients(them: Recipients) -> str:
    """Return how many recipients, by kind when there are several."""
    if len(them.kinds) == 1:
        return kinds(them)
    return counted(them.count, "recipient") + (f": {kinds(them)}" if them.kinds else "")


def data(classes: list[str]) -> str:
    """Return which kinds of data were shown."""
    return ", ".join(_DATA.get(c, c) for c in classes) or "not known"


def severity(interval: Severity) -> str:
    """Return the severity in words, as one level or an interval."""
    low, high = (_LEVELS.get(n, str(n)) for n in (interval.low, interval.high))
    return low if low == high else f"{low} to {high}"


def claim(incident: Incident, claims: Mapping[str, str]) -> str:
    """Return what happened, in one sentence."""
    text = claims.get(incident.detector) or f"disclosures of the shape {incident.detector} had no entitlement on file"
    return text[:1].upper() + text[1:].rstrip(".")


def registered_tests(incident: Incident) -> str:
    """Return how many of the customers are test accounts. "It was a test account" is a row that exists or does not."""
    tests = incident.test_accounts
    accounts = "is a registered test account" if tests == 1 else "are registered test accounts"
    return f"{number(tests)} of {number(incident.customers.at_least)} customers {accounts}"
