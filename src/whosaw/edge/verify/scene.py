"""Who asks, whom do they ask, and what may each of these be told? Worked out from the policy alone, without the compiler."""

from __future__ import annotations

import csv
import ipaddress
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import msgspec

from whosaw.config.agreements import Network, Partner, covers
from whosaw.edge.lookup import ENCODINGS
from whosaw.edge.policy import Log, Policy, StripName, Subscribers
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

CUSTOMERS = ("127.0.0.11", "127.0.0.12")
SIXTH = "::1"
UNKNOWN = "127.0.0.99"
MOST_HOSTS = 300
"""So many hosts of partners are asked one by one; of more, those at the beginning and the end of the list."""

Kind = Literal["exact", "below", "apex"]


class Names:
    """The names that must not leave. A header is one of them in any case, with `-` or `_`, as a web application would take it."""

    def __init__(self, names: Iterable[StripName]) -> None:
        """Take the names of the policy."""
        those = tuple(names)
        self._exact = {(name.place, fold(name.name)) for name in those if not name.prefix}
        self._prefixes = tuple((name.place, fold(name.name)) for name in those if name.prefix)

    def hold(self, name: str, place: str = "header") -> bool:
        """Whether a header or cookie of this name must not leave."""
        folded = fold(name)
        return (place, folded) in self._exact or any(place == where and folded.startswith(start) for where, start in self._prefixes)


def fold(name: str) -> str:
    """Return a name as CGI, WSGI and PHP compare it."""
    return name.strip().lower().replace("_", "-")


class Customer(NamedTuple):
    """A line, by the address it asks from, and what the operator knows of it; an unknown customer has no values."""

    address: str
    values: dict[str, str]

    def __repr__(self) -> str:
        """Show no value."""
        return f"Customer({self.address})"


class Spot(NamedTuple):
    """A host of an agreement in force that can be asked: the very name, a name below a domain, or the domain itself."""

    kind: Kind
    host: str
    port: int
    path: str
    agreement: str
    address: str


class Scene(NamedTuple):
    """What a run of probes goes by."""

    policy: Policy
    moment: datetime
    customers: tuple[Customer, ...]
    unknown: Customer
    spots: tuple[Spot, ...]
    stripped: tuple[StripName, ...]
    names: Names
    places: tuple[str, ...]
    """An address of this machine in each network that a partner is pinned to, and one in none."""
    sixth: Customer | None = None
    open_gaps: tuple[str, ...] = ()
    ports: tuple[tuple[str, int], ...] = ()
    """Where the origins listen: a tunnel leads to a server's own port."""

    def told(self, customer: Customer, host: str, *, port: int = 80, path: str = "/", to: str = "") -> dict[str, str]:
        """Return the headers, lower case, that a host (at an address) may be shown of a customer, with their only right values."""
        name = host.lower().rstrip(".")
        for partner in self.policy.partners:
            meant = _means(partner, name) and (not self.policy.intercepted or _lies(partner, to))
            if meant and partner.holds(self.moment) and port in partner.ports and path.startswith(partner.path):
                return {
                    told.header.lower(): _encoded(told.value, told.encoding, customer.values[told.value])
                    for told in self.policy.offer(partner)
                    if customer.values.get(told.value)
                }
        return {}

    def is_partner(self, host: str) -> bool:
        """Whether a host stands in any agreement at all, in force or not: its requests go to the origin of the partners."""
        name = host.lower().rstrip(".")
        return any(_means(partner, name) for partner in self.policy.partners)

    def spot(self, *kinds: Kind) -> Spot | None:
        """Return the first spot of one of the kinds, rather one that is not limited to a path."""
        those = [spot for spot in self.spots if spot.kind in kinds]
        return min(those, key=lambda spot: (spot.path != "/", spot.port != 80), default=None)

    @property
    def samples(self) -> tuple[Spot, ...]:
        """One spot of each kind there is."""
        kinds: tuple[Kind, ...] = ("exact", "below", "apex")
        return tuple(spot for kind in kinds if (spot := self.spot(kind)) is not None)

    @property
    def domains(self) -> list[str]:
        """The domains of agreements in force."""
        hosts = {host for partner in self.policy.partners if partner.holds(self.moment) for host in partner.hosts}
        return sorted({host.lstrip("*.") for host in hosts if host[0] in ".*"})

    @property
    def not_in_force(self) -> list[Partner]:
        """The agreements that have ended or are still to begin, as far as there is time to ask."""
        return [partner for partner in self.policy.partners if not partner.holds(self.moment)][:50]

    @property
    def known(self) -> tuple[Customer, ...]:
        """Every customer there is."""
        return self.customers if self.sixth is None else (*self.customers, self.sixth)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value of every customer in every encoding: what no stranger may receive in any place."""
        plain = {(name, value) for customer in self.known for name, value in customer.values.items() if value}
        return tuple(sorted({_encoded(name, encoding, value) for name, value in plain for encoding in ENCODINGS}))


def _lies(partner: Partner, address: str) -> bool:
    return bool(address) and any(ipaddress.ip_address(address) in network for network in partner.networks)


def _encoded(name: str, encoding: str, value: str) -> str:
    """Return a value as a partner is told it; encodings are for numbers, everything else is told as it is."""
    return ENCODINGS[encoding](value) if name == "msisdn" else value


def _means(partner: Partner, host: str) -> bool:
    return any(covers(pattern, host) for pattern in partner.hosts)


def stage(policy: Policy, moment: datetime, customers: tuple[Customer, ...], unknown: str = UNKNOWN) -> Scene:
    """Return the scene of a run. A customer who has an address of IPv6 asks where a partner is pinned to one, and nowhere else."""
    stripped = policy.stripped()
    fourth = tuple(customer for customer in customers if ":" not in customer.address)
    sixth = next((customer for customer in customers if ":" in customer.address), None)
    nobody = Customer(unknown, {})
    return Scene(policy, moment, fourth, nobody, _spots(policy, moment), stripped, Names(stripped), _places(policy), sixth)


def invented(policy: Policy) -> tuple[Customer, ...]:
    """Return customers made up for a proxy that is started here, on addresses of this machine; their numbers are nobody's."""
    columns = sorted({field.value for field in policy.fields} | {"msisdn"})
    addresses = (*CUSTOMERS, SIXTH)
    return tuple(Customer(address, {column: _value(column, turn) for column in columns}) for turn, address in enumerate(addresses))


def _value(column: str, turn: int) -> str:
    return f"44770090{turn + 1}147" if column == "msisdn" else f"{column}-{'pqrs'[turn]}7h2"


def reassigned(customer: Customer) -> Customer:
    """Return the customer who has an address next."""
    return Customer(customer.address, {column: _value(column, 3) for column in customer.values})


def listed(policy: Policy, addresses: Iterable[str] = ()) -> tuple[Customer, ...]:
    """Return customers of the policy's own file: those with the addresses, or without any, those on this machine (127.0.0.0/8).

    Raises `ConfigError` if there are not two of them.
    """
    path = Path(policy.folder) / policy.subscribers.file
    wanted = frozenset(addresses)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if (row["address"] in wanted if wanted else row["address"].startswith("127."))]
    except (OSError, KeyError, UnicodeDecodeError) as problem:
        raise ConfigError(f"cannot read the subscribers `{path}`", hint="it needs a column `address` and one for each value") from problem
    if len(rows) < 2:
        raise ConfigError(
            f"`{path}` holds {len(rows)} customers to ask as, expected 2",
            hint="add two test customers with addresses of this machine, as 127.0.0.11 and 127.0.0.12, or name theirs with --customer",
        )
    return tuple(Customer(row.pop("address"), row) for row in rows[:2])


def local(policy: Policy, folder: Path, *, keep: bool = False) -> Policy:
    """Return the policy as it is proved here: the same agreements, with a folder of our own for customers and keys, and pins on this machine.

    With `keep`, the customers are those of the operator's own file: an ICAP service knows no others. A pinned network keeps its shape
    and is moved to 127.0.0.0/8, so that one within another stays within it.
    """
    moved = tuple(msgspec.structs.replace(partner, addresses=tuple(map(_here, partner.addresses))) for partner in policy.partners)
    own = Path(policy.folder) / policy.subscribers.file if keep else "subscribers.csv"
    subscribers = Subscribers(file=str(own), ttl=policy.subscribers.ttl)
    key = Log(key_file="log.key") if policy.log.key_file else Log()
    return msgspec.structs.replace(policy, partners=moved, subscribers=subscribers, log=key, folder=str(folder))


def _here(text: str) -> str:
    network = ipaddress.ip_network(text)
    if network.version == 6:
        return f"{SIXTH}/128"  # there is no other address of IPv6 on every machine
    return f"127.{str(network.network_address).partition('.')[2]}/{max(8, network.prefixlen)}"


def _places(policy: Policy) -> tuple[str, ...]:
    networks = {network for partner in policy.partners for network in partner.networks if network.version == 4 or _has_sixth()}
    free = (ipaddress.ip_address(f"127.{turn}.9.9") for turn in range(9, 255))
    elsewhere = [str(address) for address in free if not any(address in network for network in networks)]
    return tuple(dict.fromkeys([*(_within(network) for network in sorted(networks, key=str)), *elsewhere[:1]]))


def _has_sixth() -> bool:
    """Whether this machine has an address of IPv6 at all."""
    with socket.socket(socket.AF_INET6) as tried:
        try:
            tried.bind((SIXTH, 0))
        except OSError:
            return False
    return True


def _within(network: Network) -> str:
    """Return an address of a network; its last but one is rarely that of a narrower network within."""
    return str(network[max(0, network.num_addresses - 2)])


def _pin(partner: Partner) -> str:
    """Return an address at which a partner's hosts may lie; nothing where any will do."""
    return next((_within(network) for network in partner.networks if network.version == 4), "")


def _spots(policy: Policy, moment: datetime) -> tuple[Spot, ...]:
    found: dict[tuple[Kind, str], Spot] = {}
    for partner in policy.partners:
        if not partner.holds(moment):
            continue
        for host in partner.hosts:
            for kind, name in _names(host):
                spot = Spot(
                    kind, name, min(partner.ports, key=lambda port: (port != 80, port)), partner.path, partner.agreement, _pin(partner)
                )
                found.setdefault((kind, name), spot)
    those = tuple(found.values())
    return those if len(those) <= MOST_HOSTS else those[: MOST_HOSTS // 2] + those[-MOST_HOSTS // 2 :]


def _names(host: str) -> list[tuple[Kind, str]]:
    if host.startswith("*."):
        return [("below", f"shop{host[1:]}"), ("below", f"a.b.c{host[1:]}")]
    if host.startswith("."):
        return [("apex", host[1:]), ("below", f"shop{host}"), ("below", f"a.b.c{host}")]
    return [("exact", host)]
