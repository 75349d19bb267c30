"""Which faults can be switched on, what becomes of each, and under which name is it to be found in the logs?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Fault(NamedTuple):
    """A switch: what it does, where, how it is to be found, and its dial, if it has one."""

    story: str
    channel: str
    detectors: tuple[str, ...]
    cause: str = "route"
    apart: bool = False
    """Whether each route it touches is an incident of its own."""

    dial: float = 1.0
    span: tuple[float, float] = (1.0, 1.0)


FAULTS: Mapping[str, Fault] = {
    "session-mixup": Fault(
        "a shared connection hands a page the reply to somebody else's question; the value is the share of overlapping requests",
        "portal", ("account-mixup",), dial=0.002, span=(0.00001, 1.0),
    ),
    "relogin-mixup": Fault("each third login of a person opens another customer's account", "portal", ("account-mixup",)),
    "cached-page": Fault(
        "the proxy keeps a phonebook backup for so many seconds and shows it to all", "portal", ("cached-page",), dial=20, span=(1, 3_600)
    ),
    "cached-cookie": Fault(
        "the proxy keeps a help page together with its Set-Cookie for so many seconds", "portal", ("shared-session",), dial=20, span=(1, 3_600)
    ),
    "missing-object-check": Fault("any customer can open any bill", "portal", ("object-walk",), apart=True),
    "writable-profile": Fault("any customer can change, and so read, any profile", "portal", ("object-walk",), apart=True),
    "anonymous-export": Fault("a page that no document lists answers visitors without a login", "portal", ("anonymous-read",), apart=True),
    "former-owner": Fault("the page of a number opens for whoever held the number before", "portal", ("former-owner",)),
    "missing-tenant-check": Fault("any company login can open any company's bills", "bills", ("object-walk",), apart=True),
    "lookup-without-reason": Fault("the care system opens any customer without contact or ticket", "crm", ("unexplained-lookup",), "recipient"),
    "header-to-everyone": Fault("the gateway lost its partner list and tells every site the number", "gateway", ("enriched-request",), "header"),
}  # fmt: skip


class Switches(dict[str, float]):
    """The faults that are on, each with where its dial stands."""

    def on(self, name: str) -> bool:
        """Say whether a fault is on; a name that is none is a mistake of the caller's."""
        return FAULTS[name] is not None and name in self


def switches(words: Iterable[str]) -> Switches:
    """Return the switches that words such as `cached-page` or `cached-page=5` set; `ValueError` says what is wrong with one."""
    found = Switches()
    for word in words:
        name, equals, value = word.partition("=")
        if name not in FAULTS:
            raise ValueError(f"no fault `{name}`; there are {', '.join(FAULTS)}")
        found[name] = _dial(name, value) if equals else FAULTS[name].dial
    return found


def _dial(name: str, value: str) -> float:
    least, most = FAULTS[name].span
    if least == most:
        raise ValueError(f"`{name}` is on or off, it has no value")
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not least <= number <= most:
        raise ValueError(f"`{name}={value}`: expected a number from {least:g} to {most:g}")
    return number
