"""Which lists does the operator keep of who owns what and who may see whom? One CSV file each; an empty `until` is open."""

from __future__ import annotations

import csv
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self, TextIO

from whosaw.drill.clockwork import DAY, START, iso

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from whosaw.drill.carrier import Carrier

_PORTFOLIOS = START - 400 * DAY
"""Portfolios were last shared out more than a year before the window."""

_HEADINGS = {
    "contacts": "agent,account,start,end",
    "tickets": "agent,account,opened,closed,ticket",
    "duties": "agent,account,since,until,job",
    "lawful_requests": "agent,account,since,until,request",
}


class DeskBooks:
    """The four lists that grow day by day: contacts, tickets, duties and lawful requests."""

    def __init__(self, folder: Path) -> None:
        """Open the lists in a folder and write their headings."""
        self._stack = ExitStack()
        self._files: dict[str, TextIO] = {}
        for name, heading in _HEADINGS.items():
            self._files[name] = self._stack.enter_context((folder / f"{name}.csv").open("w", encoding="utf-8", newline=""))
            self._files[name].write(heading + "\n")

    def enter(self, book: str, agent: str, account: str, span: tuple[int, int | None], *note: str) -> None:
        """Write one row: who may see whose data, from when to when, and the note that book keeps."""
        self._files[book].write(",".join((agent, account, *_span(*span), *note)) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()


def write_registries(folder: Path, carrier: Carrier) -> None:
    """Write the lists that are known before the first day."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (heading, rows) in _lists(carrier).items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            file.write(heading + "\n")
            csv.writer(file, lineterminator="\n").writerows(rows)


def _lists(carrier: Carrier) -> dict[str, tuple[str, Iterable[tuple[str, ...]]]]:
    """Return the heading and the rows of each list."""
    staff, business = carrier.staff, carrier.business
    logins, mandates, partners = carrier.consumers.logins, business.mandates, carrier.partners
    lines = (*carrier.lines(), *staff.tests, *staff.canaries)
    bills = (*business.bills, *staff.canary_bills())
    members = ((company.id, line.account, iso(line.since), "") for company in business.companies for line in company.lines)
    return {
        "logins": ("login,account,since,until", ((x.name, x.account, *_span(x.since, x.until)) for x in logins)),
        "numbers": ("number,account,since,until", ((x.number, x.account, *_span(x.since, x.until)) for x in lines)),
        "bills": ("bill,account,since,until", ((x.id, x.account, *_span(x.since)) for x in bills)),
        "company_users": ("login,company,since,until", ((x.login, x.company, *_span(x.since, x.until)) for x in mandates)),
        "company_accounts": ("company,account,since,until", members),
        "portfolio": ("agent,company,since,until", ((x.manager.name, x.company.id, *_span(_PORTFOLIOS)) for x in staff.portfolios)),
        "partners": ("site,since,until,agreement", ((x.site, *_span(x.since, x.until), x.agreement) for x in partners)),
        "test_accounts": ("account", ((line.account,) for line in staff.tests)),
        "canaries": ("account", ((line.account,) for line in staff.canaries)),
    }


def _span(since: int, until: int | None = None) -> tuple[str, str]:
    return iso(since), "" if until is None else iso(until)
