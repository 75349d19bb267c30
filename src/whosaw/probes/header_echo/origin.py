"""What does an own origin answer? To whoever holds the key, what arrived, sealed; to everybody else, nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from whosaw.wire.http import Response

if TYPE_CHECKING:
    from whosaw.wire.http import Request

from collections.abc import Callable
from datetime import datetime

from whosaw.probes.header_echo.ticket import Gate

_TICKET = re.compile(r"(?:http://[^/?#]*)?/([0-9]{1,12}-[0-9a-f]{32}-[0-9a-f]{32})(?:\?.*)?", re.IGNORECASE | re.DOTALL)
_HEADERS = (("Content-Type", "text/plain"), ("Cache-Control", "no-store, no-transform"))


@dataclass
class Origin:
    """Answers the requests that come to an origin."""

    gate: Gate
    clock: Callable[[], datetime]

    def __call__(self, request: Request) -> Response:
        """Return the echo of a request with a good ticket."""
        ticket = _TICKET.fullmatch(request.target)
        nonce = self.gate.nonce(ticket[1], self.clock()) if ticket and request.method == "GET" else None
        if nonce is None:
            return Response(404, b"", _HEADERS)
        return Response(200, self.gate.sealed(nonce, request, request.headers), _HEADERS)
