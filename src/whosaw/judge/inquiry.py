"""Why was this disclosure judged so, and who saw this customer's data?

Questions about single rows, answered from the same relations as the judge.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from whosaw.entitlements import ALL_DATA, covers
from whosaw.errors import NotFoundError
from whosaw.identifiers.pseudonyms import label
from whosaw.judge import Work, verdict
from whosaw.ledger import disclosure_key, disclosure_label
from whosaw.model import Incident, Result, Verdict, data_classes

if TYPE_CHECKING:
    from whosaw.engine.duckdb import Engine


_SAW = f"""
select d.id, d.seen_at, d.channel, d.recipient_kind, d.recipient, d.site, d.route, d.data, r.id is not null, r.why,
    (select min(rules.grade || ' ' || rules.basis) from grants g join rules on rules.rule = g.rule
     where g.recipient = d.recipient and g.customer = d.customer and g.entitles
       and {covers("g")})
from disclosures d left join rest r on r.id = d.id where d.customer = ? order by d.seen_at, d.id
"""


class Tried(msgspec.Struct, frozen=True):
    """One entitlement that was held against a disclosure: whether it holds, and why not."""

    basis: str
    grade: str
    holds: bool
    sentence: str
    where: str


class Explained(msgspec.Struct, frozen=True):
    """The chain from a line to its verdict."""

    id: str
    place: str
    digest: str
    seen_at: datetime
    verdict: Verdict
    why: str
    facts: list[tuple[str, str]]
    customer: str
    customer_by: str
    tried: list[Tried]
    detector: str
    incident: str
    pattern: str


class Sight(msgspec.Struct, frozen=True):
    """One line of a customer's own statement: who was shown their data, and why that was all right or not."""

    seen_at: datetime
    id: str
    channel: str
    recipient_kind: str
    recipient: str
    route: str
    data: list[str]
    verdict: Verdict
    reason: str


def find(work: Work, name: str) -> int:
    """Return the ledger id of `D-...`, or of `file:line`. Raises `NotFoundError`."""
    key = disclosure_key(name) if name.startswith("D-") else None
    if key is None:
        path, _, line = name.rpartition(":")
        is_line = line.isdecimal() and len(line) < 10
        key = next((f.number << 32 | int(line) for f in work.ledger.files() if is_line and path in {f.path, f.source}), None)
    if key is None or not work.engine.rows("select 1 from disclosures where id = ?", [key]):
        raise NotFoundError(
            f"`{name}` is no disclosure in this ledger", hint="ask for D-..., INC-..., or file:line of a line that showed a customer's data"
        )
    return key


def explain(work: Work, key: int) -> Explained:
    """Return why one disclosure got its verdict. The answer must have been judged in this `work`."""
    engine = work.engine
    names = [d[0] for d in engine.connection.execute("select * from disclosures where id = ?", [key]).description]
    row = dict(zip(names, engine.one("select * from disclosures where id = ?", [key]), strict=True))
    file = next(f for f in work.ledger.files() if f.number == key >> 32)
    left = engine.rows("select why from rest where id = ?", [key])
    found = Verdict.ENTITLED if not left else Verdict.CANNOT_JUDGE if left[0][0] else Verdict.UNENTITLED
    tried = _tried(engine, row)
    claim = engine.rows("select detector, cause_kind, cause from claims where disclosure = ?", [key])
    incident = engine.rows("select n.name from grouped g join incident_names n using (incident) where g.id = ?", [key])
    repair = engine.rows(
        "select n.name from repair_rows r join repair_names n on (n.basis, n.recipient, n.about) = (r.basis, r.recipient, r.about) "
        "where r.disclosure = ?",
        [key],
    )
    return Explained(
        id=disclosure_label(key),
        place=f"{file.path}:{row['source_line']}",
        digest=file.digest,
        seen_at=row["seen_at"].replace(tzinfo=UTC),
        verdict=found,
        why=left[0][0] or "no entitlement covers it"
        if left
        else next((t.sentence for t in tried if t.holds), "a general entitlement covers it"),
        facts=_facts(row),
        customer=label("c", row["customer"]) if row["customer"] is not None else "not known",
        customer_by=_customer_by(engine, row),
        tried=tried,
        detector=claim[0][0] if claim else "",
        incident=incident[0][0] if incident else repair[0][0] if repair else "",
        pattern=_pattern(engine, row),
    )


def saw(work: Work, customer: int) -> list[Sight]:
    """Return everyone who was shown a customer's data, oldest first. Our own look-ups are among them."""
    out = []
    for key, seen_at, channel, kind, recipient, site, route, mask, left, why, reason in work.engine.rows(_SAW, [customer]):
        found = Verdict.ENTITLED if not left else Verdict.CANNOT_JUDGE if why else Verdict.UNENTITLED
        entitled = f"{reason[2:]} (grade {reason[0]})" if reason else "partner agreement or test account"
        out.append(
            Sight(
                seen_at=seen_at.replace(tzinfo=UTC),
                id=disclosure_label(key),
                channel=channel,
                recipient_kind=kind,
                recipient=_who(recipient, site),
                route=route or "",
                data=[c.value for c in data_classes(mask)],
                verdict=found,
                reason=why or ("no entitlement covers it" if left else entitled),
            )
        )
    return sorted([*out, *_own_lookups(work, customer)], key=lambda s: (s.seen_at, s.id))


def _own_lookups(work: Work, customer: int) -> list[Sight]:
    """Return what our own staff asked about a customer: entitled when they gave a reason."""
    return [
        Sight(
            seen_at=datetime.fromisoformat(at),
            id="",
            channel="whosaw",
            recipient_kind="employee",
            recipient=by,
            route=command,
            data=[],
            verdict=Verdict.ENTITLED if reason else Verdict.CANNOT_JUDGE,
            reason=reason or "no reason was given",
        )
        for at, by, command, reason in work.ledger.lookups(customer)
    ]


def customer_key(work: Work, text: str) -> int:
    """Return the pseudonym of a customer given in clear, or as `c:` and at least eight hexadecimal digits. Raises `NotFoundError`."""
    if text.startswith("c:") and len(text) >= 10:
        rows = work.engine.rows("select distinct customer from disclosures where customer is not null")
        found = [key for (key,) in rows if label("c", key).startswith(text)]
        if len(found) == 1:
            return int(found[0])
        raise NotFoundError(
            f"`{text}` names {len(found)} customers of this ledger", hint="give all twelve digits, as the report shows them"
        )
    return int(work.engine.one("select pseudonym('c', ?)", [text])[0])


def revealed(work: Work, key: int) -> list[tuple[str, str]]:
    """Return the clear names behind a disclosure, as far as the vault holds them. Whoever calls this has recorded the look."""
    recipient, customer, site = work.engine.one("select recipient, customer, site from disclosures where id = ?", [key])
    out = []
    for what, domain, pseudonym in (("customer", "c", customer), ("recipient", "r", None if site else recipient)):
        name = work.vault.name(work.ledger.sealed_names(domain, pseudonym), pseudonym) if pseudonym is not None else None
        if name is not None:
            out.append((what, name))
        elif pseudonym is not None:
            out.append((what, "not in the vault: no line named it, only a registry does"))
    return out


def same(result: Result, incident: Incident) -> Incident:
    """Return the same incident in another answer, where it may have another number. Raises `NotFoundError`."""
    for other in result.incidents:
        if (other.detector, other.channel, other.cause.kind, other.since) == (
            incident.detector,
            incident.channel,
            incident.cause.kind,
            incident.since,
        ):
            return msgspec.structs.replace(other, id=incident.id)
    raise NotFoundError(
        f"nothing of {incident.id} had been shown by then", hint=f"its first row is of {incident.since:%Y-%m-%d %H:%M:%S} UTC"
    )


def scoped(result: Result, name: str) -> Incident:
    """Return an incident by its name, or the only one of a detector. Raises `NotFoundError`."""
    found = [i for i in result.incidents if name in {i.id, i.detector}]
    if len(found) != 1:
        names = ", ".join(i.id for i in found or result.incidents) or "none"
        raise NotFoundError(f"`{name}` names {len(found)} incidents", hint=f"incidents are {names}")
    return found[0]


def _tried(engine: Engine, row: dict[str, Any]) -> list[Tried]:
    """Return each kind of entitlement with what was found of it for this recipient and this customer."""
    found = []
    for rule, basis, grade, source in engine.rows("select rule, basis, grade, source from rules order by rule"):
        pairs = engine.rows(
            "select since, until, data, line, entitles from grants where rule = ? and recipient = ? and customer = ? "
            "order by since, until limit 20",
            [rule, row["recipient"], row["customer"]],
        )
        pairs += [
            (*r, True)
            for r in engine.rows(
                "select since, until, data, line from site_grants where rule = ? and recipient = ?", [rule, row["recipient"]]
            )
        ]
        pairs += [
            (*r, True)
            for r in engine.rows(
                "select since, until, data, line from customer_grants where rule = ? and customer = ?", [rule, row["customer"]]
            )
        ]
        if not pairs:
            found.append(Tried(basis, grade, False, f"{basis}: none for this recipient and customer", source))
        best = sorted((_held(basis, grade, row, pair, source) for pair in pairs), key=lambda t: not t.holds)
        found += best[:3]
    return found


def _held(basis: str, grade: str, row: dict[str, Any], pair: tuple[Any, ...], source: str) -> Tried:
    since, until, mask, line, entitles = pair
    uncovered = [c.value for c in data_classes(row["data"] & ~mask)]
    where = f"{source}:{line}" if line else source
    if row["data"] == 0 and mask != ALL_DATA:
        return Tried(basis, grade, False, f"{basis}: covers only some data, and it is not known which were shown", where)
    if row["seen_at"] < since:
        return Tried(basis, grade, False, f"{basis}: begins later, at {since:%Y-%m-%d %H:%M} UTC", where)
    if row["seen_at"] >= until:
        return Tried(basis, grade, False, f"{basis}: had ended at {until:%Y-%m-%d %H:%M} UTC", where)
    if uncovered:
        return Tried(basis, grade, False, f"{basis}: does not cover {', '.join(uncovered)}", where)
    if not entitles:
        return Tried(basis, grade, False, f"{basis}: grade {grade} explains, but nobody else vouches for it", where)
    end = "open" if until.year == 9999 else f"{until:%Y-%m-%d %H:%M} UTC"
    begin = "the beginning" if since.year == 1 else f"{since:%Y-%m-%d %H:%M} UTC"
    return Tried(basis, grade, True, f"{basis}: holds from {begin} to {end}", where)


def _facts(row: dict[str, Any]) -> list[tuple[str, str]]:
    shown = [
        ("channel", row["channel"]),
        ("vantage", row["vantage"]),
        ("route", row["route"] or "-"),
        ("recipient", f"{row['recipient_kind']} {_who(row['recipient'], row['site'])}"),
    ]
    shown.append(("data", ", ".join(c.value for c in data_classes(row["data"])) or "not known"))
    shown.extend((name, str(row[name])) for name in ("status", "cache", "claim", "field", "form") if row[name] is not None)
    for name, domain in (("session", "s"), ("object", "o"), ("client", "a"), ("device", "d")):
        if row[name] is not None:
            shown.append((name, label(domain, row[name])))
    return shown


def _who(recipient: int | None, site: str | None) -> str:
    return site or (label("r", recipient) if recipient is not None else "-")


def _customer_by(engine: Engine, row: dict[str, Any]) -> str:
    if row["contested"]:
        return verdict.TWO_OWNERS
    if row["customer"] is None:
        return verdict.NO_CUSTOMER
    if row["object"] is None:
        return "named by the line itself"
    since, until = engine.rows(
        "select min(since), max(until) from held where object = ? and customer = ?", [row["object"], row["customer"]]
    )[0]
    if since is None:
        return "named by the line itself"
    span = f"since {since:%Y-%m-%d}" if since.year > 1 else "always"
    end = "" if until.year == 9999 else f" until {until:%Y-%m-%d}"
    return f"owner of {row['object_type']} {label('o', row['object'])} at that time ({span}{end})"


def _pattern(engine: Engine, row: dict[str, Any]) -> str:
    if row["recipient"] is None:
        return ""
    times, customers = engine.one("select count(*), count(distinct customer) from unentitled where recipient = ?", [row["recipient"]])
    before = engine.one(
        "select count(*) from disclosures where recipient = ? and customer = ? and seen_at < ?",
        [row["recipient"], row["customer"], row["seen_at"]],
    )[0]
    return (
        f"{before} earlier disclosures of this customer to this recipient; "
        f"{times} unentitled ones to this recipient in all, of {customers} customers"
    )
