"""What stands at the head of every file that is compiled: of which policy it is, and until when it says what the policy means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from whosaw.edge.policy import Policy


MARK = "# whosaw edge policy "
"""How a file begins that was compiled."""


def heading(policy: Policy, moment: datetime, *use: str) -> str:
    """Return comment lines; `use` says how the file is used."""
    change = policy.changes(moment)
    holds = (
        f"holds until {change:%Y-%m-%dT%H:%M:%SZ}, when an agreement begins or ends"
        if change
        else "no agreement begins or ends from now on"
    )
    return f"{MARK}{policy.hash}; compiled, do not edit\n" + "".join(f"# {line}\n" for line in (holds, *use))


def expiry(policy: Policy, moment: datetime) -> tuple[Literal["none"], str] | None:
    """Return the gap of an agreement that ends: no proxy knows of it until the policy is compiled again; nothing if none ends."""
    ends = [p.until for p in policy.partners if p.until is not None and p.until > moment and p.holds(moment)]
    return ("none", f"compile again at {min(ends):%Y-%m-%dT%H:%M:%SZ}, for example by a timer") if ends else None
