"""Which faults of a Squid configuration show a customer's identity to a stranger, or let one claim it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.edge.lint import hosts
from whosaw.edge.lint.finding import Level, Lint, Spot, Target
from whosaw.edge.lint.names import identity, left_over, several

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whosaw.edge.lint.squid import Acl, Directive, Squid

_SIDES = {"request_header_add": 3, "note": 3, "request_header_access": 3, "adaptation_access": 3}
"""The directives that hand something out or ask for it, and the place of their first condition."""

_REGEX = {"dstdom_regex": hosts.loose_regex, "ssl::server_name_regex": hosts.loose_regex, "url_regex": hosts.loose_address}
_NOTE = re.compile(r"%\{([^}]+)\}note")
_HEADER = re.compile(r"%\{([^}:]+)[^}]*\}>h")
_ALL_HEADERS = re.compile(r"%[-0-9.'\"\[#/]*>ha?(?![a-z])")


def deciding(squid: Squid) -> tuple[Acl, ...]:
    """Return the access lists that decide who is told something; of a part without any use of them, all."""
    lines = [d for d in squid.directives if d.words[0] in _SIDES]
    conditions = [word for d in lines if d.words[2:3] != ("deny",) for word in d.words[_SIDES[d.words[0]] :]]
    if not lines and next(squid.named("http_access", "http_port"), None) is None:
        return squid.acls
    looked_up = {acl.name for acl in squid.acls if acl.kind == "external" or acl.kind.startswith("annotate_")}
    conditions += [word for d in squid.named("http_access") if looked_up.intersection(d.words[2:]) for word in d.words[2:]]
    names = {word.lstrip("!") for word in conditions}
    groups = {acl.name: {entry.text.lstrip("!") for entry in acl.values} for acl in squid.acls if acl.kind in {"any-of", "all-of"}}
    while more := {part for name in names for part in groups.get(name, ())} - names:
        names |= more
    return tuple(acl for acl in squid.acls if acl.name in names)


def _unanchored(squid: Squid) -> Iterator[Spot]:
    for acl in deciding(squid):
        if loose := _REGEX.get(acl.kind):
            yield from (entry.spot() for entry in acl.values if loose(entry.text))


def _bare_dots(squid: Squid) -> Iterator[Spot]:
    for acl in deciding(squid):
        if acl.kind in _REGEX:
            yield from (entry.spot() for entry in acl.values if hosts.bare_dots(entry.text))


def _shared(squid: Squid) -> Iterator[Spot]:
    for acl in deciding(squid):
        if acl.kind == "dstdomain":
            yield from (entry.spot() for entry in acl.values if hosts.shared(entry.text))


def _overlaps(squid: Squid, *, fatal: bool) -> Iterator[Spot]:
    for name in dict.fromkeys(acl.name for acl in squid.acls if acl.kind == "dstdomain"):
        values = [entry for acl in squid.acls if acl.name == name and acl.kind == "dstdomain" for entry in acl.values]
        yield from (hosts.both(one) for one in hosts.overlaps(values) if one.fatal is fatal)


def _services(squid: Squid) -> Iterator[tuple[Directive, dict[str, str]]]:
    """Yield the ICAP services that see requests, with their options."""
    for d in squid.named("icap_service"):
        if any(word.startswith("reqmod") for word in d.words):
            options = dict(word.split("=", 1) for word in d.words[3:] if "=" in word)
            old = {"bypass": d.words[3]} if d.words[3:4] == ("1",) else {}
            yield d, old | options


def _passed_by(options: dict[str, str]) -> bool:
    return options.get("bypass") in {"on", "1"} or options.get("on-overload") == "bypass"


def _denied(squid: Squid) -> list[str]:
    return [d.words[1] for d in squid.named("request_header_access") if d.words[2:3] == ("deny",)]


def _added(squid: Squid) -> Iterator[Directive]:
    return (d for d in squid.named("request_header_add") if len(d.words) > 2)


def _icap_alone(squid: Squid) -> Iterator[Spot]:
    if not any(identity(name) or name == "Other" for name in _denied(squid)):
        yield from (d.spot() for d, options in _services(squid) if _passed_by(options))


def _icap_essential(squid: Squid) -> Iterator[Spot]:
    patient = any(squid.named("icap_service_failure_limit"))
    for d, options in _services(squid):
        if not _passed_by(options) and "on-overload" not in options and not patient:
            yield d.spot()


def _icap_undone(squid: Squid) -> Iterator[Spot]:
    """Yield names that are taken out of every request though only an ICAP service could have added them."""
    if any(_services(squid)) and any(d.words[0] == "adaptation_access" for d in squid.directives):
        kept = {d.words[1].lower() for d in squid.named("request_header_access") if d.words[2:3] == ("allow",)}
        kept |= {d.words[1].lower() for d in _added(squid)}
        those = [d for d in squid.named("request_header_access") if d.words[2:] == ("deny", "all") and identity(d.words[1])]
        if those and not kept:
            yield those[0].spot()


def _not_deleted(squid: Squid) -> Iterator[Spot]:
    gone = {name.lower() for name in _denied(squid)}
    yield from (d.spot() for d in _added(squid) if d.words[1].lower() not in gone)


def _kept_for_partners(squid: Squid) -> Iterator[Spot]:
    added = {d.words[1].lower() for d in _added(squid)}
    for d in squid.named("request_header_access"):
        if d.words[2:3] == ("allow",) and d.words[1].lower() in added:
            yield d.spot()


def _one_spelling(squid: Squid) -> Iterator[Spot]:
    gone = {name.lower() for name in _denied(squid)}
    names = left_over(_denied(squid), lambda way: way.lower() in gone or "other" in gone)
    if names:
        first = next(d for d in squid.named("request_header_access") if identity(d.words[1]))
        yield first.spot(several(names))


def _says_on(squid: Squid, name: str, header: str, faults: frozenset[str]) -> Iterator[Spot]:
    """Yield where Squid is let add a header of its own, as it does unless it is told not to; what is taken out goes last of all."""
    value, at = squid.last(name, "on") if any(squid.named("http_port", "https_port")) else ("", None)
    if at is not None and value in faults and header not in {gone.lower() for gone in _denied(squid)}:
        yield at.spot()


def _quarantine(squid: Squid) -> Iterator[Spot]:
    yield from (d.spot() for d in squid.named("request_header_access") if d.words[1] == "Other" and d.words[2:3] == ("deny",))


def _clear_log(squid: Squid) -> Iterator[Spot]:
    told = {note for d in _added(squid) for note in _NOTE.findall(d.words[2])}
    yield from (d.spot() for d in squid.named("log_mime_hdrs") if d.words[1] == "on")
    for d in squid.named("logformat"):
        form = " ".join(d.words[2:])
        if told.intersection(_NOTE.findall(form)) or any(identity(name) for name in _HEADER.findall(form)) or _ALL_HEADERS.search(form):
            yield d.spot()


def _unpinned(squid: Squid) -> Iterable[Spot]:
    decide = deciding(squid)
    taken = [d for d in squid.named("http_port") if {"intercept", "tproxy", "transparent"}.intersection(d.words[2:])]
    handed = any(_added(squid)) or any(_services(squid))
    by_name = any(acl.kind in {"dstdomain", "dstdom_regex", "url_regex"} for acl in decide)
    if handed and by_name and not any(acl.kind == "dst" for acl in decide):
        return [d.spot() for d in taken]
    return []


def _unread(squid: Squid) -> Iterable[Spot]:
    return squid.unread


_DOCS = "http://www.squid-cache.org/Doc/config"
_S = Target.SQUID
LINTS = (
    Lint(
        id="squid-unanchored-regex",
        target=_S,
        claim="a regular expression without ^ and $ makes partners of all hosts that contain it",
        source=f"{_DOCS}/acl/",
        hint="use dstdomain, or write ^ and $ around the whole host",
        look=_unanchored,
    ),
    Lint(
        id="squid-bare-dot",
        target=_S,
        level=Level.WARNING,
        claim="a dot of a regular expression stands for any sign, so another host matches too",
        source=f"{_DOCS}/acl/",
        hint=r"write \. for the dots of a host, or use dstdomain",
        look=_bare_dots,
    ),
    Lint(
        id="squid-shared-suffix",
        target=_S,
        claim="a partner is a domain below which everybody can have a host",
        source="https://publicsuffix.org/list/",
        hint="name the partner's own domain",
        look=_shared,
    ),
    Lint(
        id="squid-overlap-fatal",
        target=_S,
        claim="a domain and a host that it covers stand in an order at which Squid ends when it starts",
        source=f"{_DOCS}/acl/",
        hint="take the host out: the domain has it",
        look=lambda squid: _overlaps(squid, fatal=True),
    ),
    Lint(
        id="squid-overlap",
        target=_S,
        level=Level.WARNING,
        claim="a host is in the list already, by itself or by its domain, so taking it out later changes nothing",
        source=f"{_DOCS}/acl/",
        hint="take the host out: the domain has it",
        look=lambda squid: _overlaps(squid, fatal=False),
    ),
    Lint(
        id="squid-icap-alone",
        target=_S,
        claim="only an ICAP service takes identities out, and requests go past it when it is down or overloaded",
        source=f"{_DOCS}/icap_service/",
        hint="take the names out with request_header_access too; then its death loses only the extra layer",
        look=_icap_alone,
    ),
    Lint(
        id="squid-icap-essential",
        target=_S,
        level=Level.WARNING,
        claim="an ICAP service that may not be passed by ends every request for three minutes after ten failures",
        source=f"{_DOCS}/icap_service_failure_limit/",
        hint="take names out natively and set bypass=on, or set on-overload and icap_service_failure_limit on purpose",
        look=_icap_essential,
    ),
    Lint(
        id="squid-icap-undone",
        target=_S,
        level=Level.WARNING,
        claim="what an ICAP service adds for partners is taken out again, because it runs before request_header_access",
        source=f"{_DOCS}/request_header_access/",
        hint="write `request_header_access NAME allow partners` before `deny all`, or add the header natively",
        look=_icap_undone,
    ),
    Lint(
        id="squid-add-without-deny",
        target=_S,
        claim="a header is added beside the customer's own of that name, because request_header_add never replaces",
        source=f"{_DOCS}/request_header_add/",
        hint="write `request_header_access NAME deny all` as well: it holds before the header is added",
        look=_not_deleted,
    ),
    Lint(
        id="squid-spoof-kept",
        target=_S,
        claim="a header that Squid adds is let through from the customer too, so a partner is told what anybody claims",
        source=f"{_DOCS}/request_header_access/",
        hint="take the `allow` out: what Squid adds is added after these rules",
        look=_kept_for_partners,
    ),
    Lint(
        id="squid-one-spelling",
        target=_S,
        level=Level.WARNING,
        claim="only one spelling of a name is taken out, and applications read X_MSISDN as X-MSISDN",
        source="https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18",
        hint="deny the spellings with _ as well; `whosaw edge compile` writes all of them",
        look=_one_spelling,
    ),
    Lint(
        id="squid-forwarded-for",
        target=_S,
        level=Level.WARNING,
        claim="every site is told the customer's internal address, which charging records join to a number",
        source=f"{_DOCS}/forwarded_for/",
        hint="write `forwarded_for delete`",
        look=lambda squid: _says_on(squid, "forwarded_for", "x-forwarded-for", frozenset({"on", "truncate"})),
    ),
    Lint(
        id="squid-via",
        target=_S,
        level=Level.WARNING,
        claim="every site is told the name of the gateway",
        source=f"{_DOCS}/via/",
        hint="write `via off`",
        look=lambda squid: _says_on(squid, "via", "via", frozenset({"on"})),
    ),
    Lint(
        id="squid-quarantine",
        target=_S,
        level=Level.WARNING,
        claim="all headers that Squid has no name for are taken out, among them Sec-Fetch-*, X-Requested-With and X-CSRF-Token",
        source=f"{_DOCS}/request_header_access/",
        hint="keep it for a quarantine: sites that need these headers stop working",
        look=_quarantine,
    ),
    Lint(
        id="squid-clear-log",
        target=_S,
        level=Level.WARNING,
        claim="a log holds customers' numbers in clear",
        source=f"{_DOCS}/logformat/",
        hint="log a keyed token instead, as `whosaw edge compile` does; log_mime_hdrs off",
        look=_clear_log,
    ),
    Lint(
        id="squid-intercept-unpinned",
        target=_S,
        claim="traffic is intercepted and partners are known by name only, so any server can be asked under a partner's name",
        source=f"{_DOCS}/host_verify_strict/",
        hint="pin partners to their addresses with an `acl ... dst` in http_access and an annotation",
        look=_unpinned,
    ),
    Lint(
        id="squid-unread",
        target=_S,
        level=Level.WARNING,
        claim="a file that is named here could not be read, and nothing is known of what it says",
        source=f"{_DOCS}/include/",
        hint="run the lint where the file lies, as somebody who may read it",
        look=_unread,
    ),
)
