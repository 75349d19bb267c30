"""Which rows of a list of partners mean more hosts than the partner's?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.edge.lint import hosts
from whosaw.edge.lint.finding import Level, Lint, Spot, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.edge.lint.lists import Hosts, Row

_NAME = re.compile(r"(?:\*?\.|\*)?(?:(?!-)[a-z0-9_-]{1,63}\.)*(?!-)[a-z0-9_-]{1,63}\.?", re.IGNORECASE)
_OPEN = frozenset({"contains", "starts_with"})


def _contains(partners: Hosts) -> Iterator[Spot]:
    yield from (row.at.spot() for row in partners.rows if row.how in _OPEN or _inner_star(row) or _loose(row))


def _inner_star(row: Row) -> bool:
    return row.how in {"equals", "eq", "matches_glob"} and "*" in row.text[1:]


def _loose(row: Row) -> bool:
    return row.how == "matches_regex" and hosts.loose_regex(row.text)


def _bare_suffix(partners: Hosts) -> Iterator[Spot]:
    for row in partners.rows:
        ending = row.text[1:] if row.text.startswith("*") else row.text if row.how == "ends_with" else "."
        if not ending.startswith("."):
            yield row.at.spot()


def _shared(partners: Hosts) -> Iterator[Spot]:
    for row in partners.rows:
        below = "." + row.text.lstrip("*.") if row.how in {"contains", "ends_with"} else row.text
        if hosts.shared(below):
            yield row.at.spot()


def _plain(partners: Hosts) -> list[Row]:
    return [row for row in partners.rows if row.how == "equals"]


def _overlaps(partners: Hosts) -> Iterator[Spot]:
    values = [row.at._replace(text=row.text.removeprefix("*") if row.text.startswith("*.") else row.text) for row in _plain(partners)]
    yield from map(hosts.both, hosts.overlaps(values))


def _tunnelled(partners: Hosts) -> Iterator[Spot]:
    yield from (row.at.spot() for row in partners.rows if row.text.startswith("https://") or re.search(r":443(?:/|$)", row.text))


def _no_host(partners: Hosts) -> Iterator[Spot]:
    for row in _plain(partners):
        if not _NAME.fullmatch(row.text) or row.text.rsplit(".", 1)[-1].isdigit():
            yield row.at.spot()


_IRULE = "https://clouddocs.f5.com/api/irules/Operators.html"
_L = Target.LIST
LINTS = (
    Lint(
        id="list-contains",
        target=_L,
        claim="a host or address only has to contain this, so every site whose address holds the text is told the number",
        source=_IRULE,
        hint="compare the whole host with `equals`, or its end with a dot before it",
        look=_contains,
    ),
    Lint(
        id="list-bare-suffix",
        target=_L,
        claim="an ending without a dot before it makes a partner of every host that ends so, `evilmusic.example` too",
        source=_IRULE,
        hint="write the dot: `.music.example`",
        look=_bare_suffix,
    ),
    Lint(
        id="list-shared-suffix",
        target=_L,
        claim="a partner is a domain below which everybody can have a host",
        source="https://publicsuffix.org/list/",
        hint="name the partner's own domain",
        look=_shared,
    ),
    Lint(
        id="list-overlap",
        target=_L,
        level=Level.WARNING,
        claim="two rows mean the same host: one of them can be taken out and nothing changes, and Squid may not start",
        source="http://www.squid-cache.org/Doc/config/acl/",
        hint="keep one of the two",
        look=_overlaps,
    ),
    Lint(
        id="list-https",
        target=_L,
        level=Level.WARNING,
        claim="a partner is met over https, where no gateway can tell it anything",
        source="https://www.rfc-editor.org/rfc/rfc9110#name-connect",
        hint="use the Number Verification API for it, and take it out of the list",
        look=_tunnelled,
    ),
    Lint(
        id="list-no-host",
        target=_L,
        level=Level.WARNING,
        claim="a row is no host, and nobody can say what a proxy makes of it",
        source="https://www.rfc-editor.org/rfc/rfc1123#section-2.1",
        hint="write `host` or `.domain`, without scheme, port and path",
        look=_no_host,
    ),
)
