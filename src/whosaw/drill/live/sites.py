"""Which web sites do the phones visit, and what does each get to know of its visitors? Partners and strangers, all on one port."""

from __future__ import annotations

from typing import TYPE_CHECKING

from whosaw.drill.live.web import data
from whosaw.drill.live.witness import Wrong

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whosaw.drill.carrier import Partner
    from whosaw.drill.live.store import Store
    from whosaw.drill.live.web import Answer, Request
    from whosaw.drill.live.witness import Witness

HEADER = "X-MSISDN"
NAMED = "X-Gateway-Request"
"""The gateway numbers its requests, in its log and in what it sends on."""

PARTNER_HOSTS = ("tones.example", "www.pay.example", "football.example")
STRANGER_HOSTS = ("news.example", "stranger.example", "lotto.example", "img.tones.example")


def partners(agreements: Sequence[Partner], now: float) -> list[str]:
    """Return the sites with an agreement today; a leading dot means all hosts below that domain."""
    return [partner.site for partner in agreements if partner.since <= now and (partner.until is None or now < partner.until)]


def is_partner(host: str, sites: Sequence[str]) -> bool:
    """Say whether a host has an agreement."""
    return any(host == site.lstrip(".") or (site.startswith(".") and host.endswith(site)) for site in sites)


class Sites:
    """All sites: which one is meant stands in the request."""

    def __init__(self, store: Store, witness: Witness, sites: Sequence[str]) -> None:
        """Open for visitors."""
        self._store, self._witness, self._partners = store, witness, sites

    def answer(self, request: Request) -> Answer:
        """Show a visitor what the site was told."""
        host = request.headers.get("Host", "").partition(":")[0].lower()
        number = request.headers.get(HEADER, "")
        if number and not is_partner(host, self._partners):
            line = self._store.one("select account from numbers where number = ? and until is null", number)
            customer = line["account"] if line else ""
            self._witness.saw(Wrong(request.headers.get(NAMED, ""), "gateway", HEADER, host, customer, "header-to-everyone"))
        return data({"host": host, "headers": dict(request.headers.items())})
