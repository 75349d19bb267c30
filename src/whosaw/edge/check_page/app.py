"""Which page answers which request of a visit? In clear, encrypted, the answer, and the hand-over to the operator.

1. `/` in clear opens a visit under a nonce and leads to `/v/NONCE`, whose address is known to the letter.
2. `/v/NONCE` in clear is the first leg; its page leads to `/s/NONCE` over https.
3. `/s/NONCE` over https is the second leg, and leads to the answer, `/r/NONCE`.
4. `/r/NONCE` says what was added; a form there hands a report over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from whosaw.edge.check_page import pages
from whosaw.edge.check_page.answer import Network, Verdict, answer
from whosaw.edge.check_page.counts import Counts
from whosaw.edge.check_page.reports import LONGEST, Reports
from whosaw.edge.check_page.visits import Visits
from whosaw.errors import WhosawError

if TYPE_CHECKING:
    from whosaw.edge.check_page.visits import Visit
    from whosaw.wire.http import Request, Response

from collections.abc import Callable

_HOST = re.compile(r"(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_ABSOLUTE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_STEP = re.compile(r"/([vsr])/([A-Za-z0-9_-]{32})")


@dataclass
class CheckPage:
    """Answers the requests of all visits. `lost` counts what could not be kept."""

    clear_port: int
    secure_port: int | None
    counts: Counts
    reports: Reports
    clock: Callable[[], datetime]
    operator: str = ""
    networks: tuple[Network, ...] = ()
    visits: Visits = field(default_factory=Visits)
    lost: int = 0

    def __call__(self, request: Request) -> Response:
        """Return the answer to a request."""
        path = _ABSOLUTE.sub("", request.target).partition("?")[0] or "/"
        if request.method not in {"GET", "HEAD", "POST"}:
            return self._said(request, 405, "Not possible", "This page is read, and answered by its form.")
        if path in {"/page.css", "/page.js"}:
            return pages.asset(path[1:])
        if path == "/p" and request.secure:
            return pages.reached()
        if path == "/":
            return self._begin(request)
        step = _STEP.fullmatch(path)
        visit = self.visits.get(step[2], self.clock()) if step else None
        if step is None or visit is None:
            return self._said(request, 404, "This check is over", "A check is kept for ten minutes, and then forgotten.")
        return self._go_on(step[1], visit, request)

    def _go_on(self, step: str, visit: Visit, request: Request) -> Response:
        if request.method == "POST":
            return self._report(visit, request)
        if step == "v" and not request.secure:
            return self._clear(visit, request)
        if step == "s" and request.secure:
            visit.secure = visit.secure or request
            return pages.redirect(f"/r/{visit.nonce}")
        return self._result(visit, request)

    def _begin(self, request: Request) -> Response:
        if request.secure:
            text = "You came over https, where no network can add anything. If the link leads back here, your browser wants https only: inconclusive."
            return self._said(request, 200, "This check begins without https", text, "Begin without https")
        visit = self.visits.open(request.address, self.clock())
        if visit is None:
            return self._said(request, 429, "Too many checks", "There are many checks from your address; try again in ten minutes.")
        return pages.redirect(f"/v/{visit.nonce}")

    def _clear(self, visit: Visit, request: Request) -> Response:
        visit.clear = visit.clear or request
        if self.secure_port is None:
            return pages.redirect(f"/r/{visit.nonce}")
        origin = self._origin(request, secure=True)
        return pages.compare(self.operator, f"{origin}/s/{visit.nonce}", f"{origin}/p", f"/r/{visit.nonce}")

    def _result(self, visit: Visit, request: Request) -> Response:
        found = answer(visit, self.networks)
        if not visit.counted and found.verdict in {Verdict.IDENTIFIED, Verdict.PERHAPS}:
            visit.counted = True
            try:
                self.counts.keep(found.additions, self.clock())
            except WhosawError:
                self.lost += 1
        form = "" if visit.reported else f"/r/{visit.nonce}"
        return pages.result(self.operator, found, form, self._origin(request, secure=False) + "/")

    def _report(self, visit: Visit, request: Request) -> Response:
        """Take a report: the nonce is known to whoever made the visit, and to no other site; one report is taken for a visit."""
        moment = self.clock()
        if visit.reported or not self.reports.welcome(request.address, moment):
            return self._said(request, 429, "Not taken", "This check has been reported, or there are many reports at the moment.")
        try:
            told = dict(parse_qsl(request.body.decode("utf-8", "replace"), max_num_fields=5))
            name = self.reports.write(
                answer(visit, self.networks), told.get("message", "")[:LONGEST], request.address, moment, self.counts.digest
            )
        except ValueError:
            return self._said(request, 400, "Not taken", "This is no form of this page.")
        except WhosawError:
            self.lost += 1
            return self._said(request, 503, "Not taken", "Your report could not be kept; please try again later.")
        visit.reported = True
        return self._said(request, 200, "Thank you", f"The operator has your report; its name is {name}.", "Check again")

    def _said(self, request: Request, status: int, headline: str, text: str, link: str = "Start again") -> Response:
        return pages.said(status, self.operator, headline, text, self._origin(request, secure=False) + "/", link)

    def _origin(self, request: Request, *, secure: bool) -> str:
        """Return where we are, under the name by which we were asked."""
        asked = request.header("host")
        host = re.sub(r":[0-9]+$", "", asked) if _HOST.fullmatch(asked) else "localhost"
        port, usual = (self.secure_port, 443) if secure else (self.clear_port, 80)
        return f"{'https' if secure else 'http'}://{host}" + ("" if port == usual else f":{port}")
