"""Which agreements of a policy deserve a look, and is the policy accepted at all?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from whosaw.edge.lint.finding import Level, Lint, Spot, Target
from whosaw.model import DataClass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.config.agreements import Partner
    from whosaw.edge.lint.policy import Agreed

SOON = timedelta(days=30)
"""An agreement that ends within that time is told while there is time to renew it."""

_CLEAR = frozenset({"e164", "plus", "base64"})


def _refused(agreed: Agreed) -> Iterator[Spot]:
    if agreed.refused is not None:
        yield agreed.refused


def _expired(agreed: Agreed) -> Iterator[Spot]:
    for partner in agreed.partners:
        if partner.until is not None and partner.until <= agreed.moment:
            yield agreed.spot(partner, f"ended {partner.until:%Y-%m-%d}")


def _ends_soon(agreed: Agreed) -> Iterator[Spot]:
    for partner in agreed.partners:
        if partner.until is not None and agreed.moment < partner.until <= agreed.moment + SOON:
            yield agreed.spot(partner, f"ends {partner.until:%Y-%m-%d}")


def _no_end(agreed: Agreed) -> Iterator[Spot]:
    yield from (agreed.spot(partner) for partner in agreed.partners if partner.until is None)


def _told(agreed: Agreed) -> Iterator[tuple[Partner, set[str]]]:
    """Yield the agreements that are not over, with how a number is written for each."""
    fields = agreed.policy.fields if agreed.policy is not None else ()
    for partner in agreed.partners:
        if partner.until is None or partner.until > agreed.moment:
            known = [field for field in fields if field.name in partner.fields and field.data is DataClass.NUMBER]
            yield partner, {partner.encoding or field.encoding for field in known}


def _clear_http(agreed: Agreed) -> Iterator[Spot]:
    for partner, encodings in _told(agreed):
        if encodings & _CLEAR and set(partner.ports) - {443}:
            yield agreed.spot(partner, ", ".join(sorted(encodings & _CLEAR)))


def _plain_hash(agreed: Agreed) -> Iterator[Spot]:
    yield from (agreed.spot(partner, "sha256") for partner, encodings in _told(agreed) if "sha256" in encodings)


def _https(agreed: Agreed) -> Iterator[Spot]:
    yield from (agreed.spot(partner, "port 443") for partner, _ in _told(agreed) if 443 in partner.ports)


def _whole_site(agreed: Agreed) -> Iterator[Spot]:
    yield from (agreed.spot(partner, ", ".join(partner.hosts)) for partner, _ in _told(agreed) if partner.path == "/")


_OURS = "docs/reference/edge-policy.md"
_P = Target.POLICY
LINTS = (
    Lint(
        id="policy-refused",
        target=_P,
        claim="the policy is not accepted, so nothing can be compiled from it",
        source=_OURS,
        hint="mend what the message names",
        look=_refused,
    ),
    Lint(
        id="policy-expired",
        target=_P,
        level=Level.WARNING,
        claim="an agreement has ended, and proxies know of it only when they are compiled again",
        source=_OURS,
        hint="compile again; leave the agreement in the policy, by which the past is judged",
        look=_expired,
    ),
    Lint(
        id="policy-ends-soon",
        target=_P,
        level=Level.WARNING,
        claim="an agreement ends within 30 days",
        source=_OURS,
        hint="renew it, or plan to compile again on that day",
        look=_ends_soon,
    ),
    Lint(
        id="policy-no-end",
        target=_P,
        level=Level.WARNING,
        claim="an agreement has no end, so nobody is ever asked whether it still holds",
        source=_OURS,
        hint="set `until`",
        look=_no_end,
    ),
    Lint(
        id="policy-clear-http",
        target=_P,
        level=Level.WARNING,
        claim="a partner is told the number in clear over http, where everybody on the way reads it",
        source="https://www.rfc-editor.org/rfc/rfc7258",
        hint="agree on another field, for example a pseudonym that only this partner knows",
        look=_clear_http,
    ),
    Lint(
        id="policy-plain-hash",
        target=_P,
        level=Level.WARNING,
        claim="a hashed number is no pseudonym: all numbers of a country are tried in half an hour",
        source="docs/reference/identifiers.md",
        hint="agree on a pseudonym of the subscribers' file instead",
        look=_plain_hash,
    ),
    Lint(
        id="policy-https",
        target=_P,
        level=Level.WARNING,
        claim="a partner is met over https, where no gateway can tell it anything",
        source="https://www.rfc-editor.org/rfc/rfc9110#name-connect",
        hint="use the Number Verification API for it",
        look=_https,
    ),
    Lint(
        id="policy-redirect-unknown",
        target=_P,
        level=Level.WARNING,
        claim="a partner is told on every page, also on one that sends the customer on with the identity in the address",
        source=_OURS,
        hint="set `path` to the pages that need it, and ask the partner where they lead",
        look=_whole_site,
    ),
)
