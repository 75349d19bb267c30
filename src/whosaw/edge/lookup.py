"""Which customer has this address now, and what may a partner be told of him? Answers Squid, line by line.

This file is copied beside the compiled configuration and runs there alone, with Debian's Python and nothing else:

    lookup subscribers FILE KEY_FILE VALUE:ENCODING...    asks `ID ADDRESS`, answers `ID OK msisdn_e164=... sent=...` or `ID ERR`
    lookup pins FILE                                      asks `ID HOST ADDRESS GROUP`, answers `ID OK` if it may lie there

A file is read again when it changes; while it cannot be read, the last good one counts, and before there was any nobody is known. That is
said on standard error.
No number is ever written anywhere but in the answer.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import hmac
import ipaddress
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

Said = TypeVar("Said")

ENCODINGS: dict[str, Callable[[str], str]] = {
    "e164": str,
    "plus": lambda number: "+" + number,
    "base64": lambda number: base64.b64encode(number.encode()).decode(),
    "sha256": lambda number: hashlib.sha256(b"+" + number.encode()).hexdigest(),
}
"""How a number is written for a partner. `sha256` is that of CAMARA Number Verification: hexadecimal, of the number with its plus."""

NUMBERS = ("msisdn",)
"""Values that are telephone numbers, as E.164 digits, which the encodings are made for. Everything else is told as it is."""

LOOKS = 0.2
"""Seconds between two looks at whether the file has changed."""


_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])")
_NUMBER = re.compile("[0-9]{7,15}")
_PLAIN = re.compile(r"[!#&(-:<-\[\]^-z|~]*")
"""What can stand in a header, an answer to Squid and every proxy's tables: printable, without spaces, quotes and signs with a meaning."""


def read(path: Path | str, needed: Iterable[str]) -> tuple[dict[str, dict[str, str]], list[tuple[int, str]]]:
    """Return address -> values of a file of subscribers, and (line, reason) of each row that cannot be used."""
    values: dict[str, dict[str, str]] = {}
    rejected: list[tuple[int, str]] = []
    double: set[str] = set()
    with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123 - light to start
        rows = csv.reader(file)
        heading = next(rows, [])
        missing = sorted({"address", *needed} - set(heading))
        if missing:
            raise KeyError(missing[0])
        at, columns = heading.index("address"), [(name, heading.index(name)) for name in sorted(needed)]
        for row in filter(None, rows):
            cells = row + [""] * (len(heading) - len(row))
            address = _address(cells[at].strip())
            found = {name: cells[column].strip().lstrip("+") for name, column in columns}
            reason = _reason(found) if address else "address is none"
            if not reason and (address in values or address in double):
                double.add(address)
                reason = "address stands twice"  # nobody can say whose it is: neither is told
            if reason:
                rejected.append((rows.line_num, reason))
            else:
                values[address] = found
    for address in double:
        del values[address]
    return values, rejected


def _address(text: str) -> str:
    if _IPV4.fullmatch(text):
        return text
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def _reason(values: Mapping[str, str]) -> str:
    for name, value in values.items():
        if name in NUMBERS and not _NUMBER.fullmatch(value):
            return name + " is no number"
        if not _PLAIN.fullmatch(value):
            return name + " cannot stand in a header"
    return ""


def told(values: Mapping[str, str], wanted: Iterable[tuple[str, str]], key: bytes) -> dict[str, str]:
    """Return all a proxy may need of one customer: each wanted (value, encoding), and `sent`, the token that logs hold instead."""
    found = {}
    for name, encoding in wanted:
        value = values.get(name, "")
        if value:
            found[name + "_" + encoding] = ENCODINGS[encoding](value) if name in NUMBERS else value
    number = values.get("msisdn", "")
    if found and key and number:
        found["sent"] = hmac.new(key, number.encode(), "sha256").hexdigest()
    return found


def host_of(text: str) -> str:
    """Return a host as it is compared: lower case, without port and last dot."""
    host = text.strip().lower()
    if not host.startswith("["):
        host = host.partition(":")[0]
    return host.rstrip(".")


class Pins:
    """Where the hosts of a group of partners may lie: `group host network`, `group .domain network` or `group *.domain network`."""

    def __init__(self, path: str) -> None:
        """Read the file."""
        self._networks: dict[tuple[str, str], list[ipaddress.IPv4Network | ipaddress.IPv6Network]] = {}
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - light to start
            for line in file:
                group, host, network = line.split()
                self._networks.setdefault((group, host), []).append(ipaddress.ip_network(network))

    def holds(self, host: str, address: str, group: str) -> bool:
        """Say whether the host may lie at the address."""
        parts = host.split(".")
        above = [".".join(parts[i:]) for i in range(1, len(parts))]
        names = [host, "." + host, *("." + name for name in above), *("*." + name for name in above)]
        try:
            place = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(place in network for name in names for network in self._networks.get((group, name), ()))


class Kept(Generic[Said]):
    """What a file says, read again when it changes; nothing before it could be read for the first time."""

    def __init__(self, path: str, load: Callable[[str], Said]) -> None:
        """Read it now if it can be read."""
        self.path, self.load = path, load
        self._value: Said | None = None
        self._stamp: tuple[int, int, int] | None = None
        self._complaint = ""
        self._look()

    def current(self) -> Said | None:
        """Return what the file says."""
        if time.monotonic() - self._looked >= LOOKS:
            self._look()
        return self._value

    def _look(self) -> None:
        self._looked = time.monotonic()
        try:
            found = os.stat(self.path)  # noqa: PTH116 - light to start
            stamp = found.st_ino, found.st_size, found.st_mtime_ns
            if stamp != self._stamp:
                self._value, self._stamp, self._complaint = self.load(self.path), stamp, ""
        except (OSError, ValueError, KeyError, csv.Error) as problem:
            self._complain(type(problem).__name__)

    def _complain(self, problem: str) -> None:
        """Say once what keeps the file from being read, and nothing of what stands in it."""
        if problem != self._complaint:
            left = "nobody is known" if self._value is None else "the last good one counts"
            sys.stderr.write(f"lookup: cannot read {self.path} ({problem}); {left}\n")
            sys.stderr.flush()
        self._complaint = problem


def answers(arguments: Sequence[str]) -> Callable[[Sequence[str]], str]:
    """Return what answers one question, without its number."""
    if arguments[0] == "pins":
        pins = Kept(arguments[1], Pins)
        return lambda words: "OK" if (known := pins.current()) and len(words) == 3 and known.holds(host_of(words[0]), *words[1:]) else "ERR"
    path, key_file, *listed = arguments[1:]
    wanted = [(value, encoding) for value, _, encoding in (word.partition(":") for word in listed)]
    keyed = key_file != "-"
    needed = {name for name, _ in wanted} | ({"msisdn"} if keyed else set())
    people, key = Kept(path, lambda path: read(path, needed)[0]), Kept(key_file if keyed else os.devnull, _line)

    def answer(words: Sequence[str]) -> str:
        known, secret = people.current(), key.current()
        # what could not be logged is not told
        values = known.get(words[0]) if known and len(words) == 1 and (secret or not keyed) else None
        found = told(values, wanted, secret or b"") if values else {}
        return "OK " + " ".join(f"{name}={value}" for name, value in found.items()) if found else "ERR"

    return answer


def _line(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - light to start
        return file.read().strip()


def main(arguments: Sequence[str]) -> None:
    """Answer until Squid closes the pipe."""
    answer = answers(arguments)
    for line in sys.stdin:
        number, *words = line.split() or [""]
        # Squid sends `-` for the data of the configuration line, of which there is none
        sys.stdout.write(f"{number} {answer([word for word in words if word != '-'])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
