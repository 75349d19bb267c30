"""Which number has the customer of an address now? As the operator's file says, read again beside the requests, and believed or not."""

from __future__ import annotations

import csv
import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from whosaw.edge import lookup, subscribers
from whosaw.errors import ConfigError, InputError
from whosaw.judge.registries import ENOUGH, SHRUNK

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.edge.policy import Policy

Stamp = tuple[int, int, int]


class Customers:
    """Address -> number. `repr` says how many, never who."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises `InputError` if it cannot be read, `ConfigError` if a column is missing."""
        self._path = path
        self._tried = self._look()
        self._numbers = self._read()
        self.problem = ""
        """Why the file as it is now does not count; the last good one does."""

    def __repr__(self) -> str:
        return f"Customers({len(self)} known)"

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, address: str) -> str:
        """Return the number, or nothing if nobody is known to have the address."""
        return self._numbers.get(address) or self._numbers.get(_canonical(address), "")

    def have_changed(self) -> bool:
        """Whether the file is another one than was looked at last."""
        try:
            return self._look() != self._tried
        except InputError:
            return False  # replaced at this very moment

    def follow(self) -> None:
        """Take over what the file says now, unless it cannot be read or has lost most of its rows: then it is being written.

        It takes its time, and may run in a thread of its own: requests are answered meanwhile.
        """
        try:
            self._tried = self._look()
            numbers = self._read()
        except (InputError, ConfigError) as problem:
            self.problem = problem.message
            return
        if len(self._numbers) >= ENOUGH and len(numbers) < len(self._numbers) * SHRUNK:
            self.problem = f"the subscribers have {len(numbers):,} rows that can be used, and had {len(self._numbers):,} before"
            return
        self._numbers, self.problem = numbers, ""

    def _look(self) -> Stamp:
        try:
            found = self._path.stat()
        except OSError as problem:
            raise self._unreadable(problem) from problem
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self) -> dict[str, str]:
        try:
            values, _ = lookup.read(self._path, ["msisdn"])
        except (OSError, ValueError, csv.Error) as problem:
            raise self._unreadable(problem) from problem
        except KeyError as problem:
            hint = "a column `address` and a column `msisdn`"
            raise ConfigError(f"`{self._path}` has no column `{problem.args[0]}`", hint=hint) from problem
        return {address: found["msisdn"] for address, found in values.items()}

    def _unreadable(self, problem: Exception) -> InputError:
        why = str(getattr(problem, "strerror", None) or problem.__class__.__name__).lower()
        return InputError(f"cannot read the subscribers `{self._path}`: {why}", hint="`subscribers.file` of the policy names it")


def customers(policy: Policy) -> Customers | None:
    """Return the customers of a policy; nothing if it names no file of them."""
    return Customers(subscribers.file_of(policy)) if policy.subscribers.file else None


@lru_cache(maxsize=16_384)
def _canonical(address: str) -> str:
    """Return an address as the file's are kept, one of IPv4 that is written as IPv6 as what it is; as it stands if it is none."""
    try:
        found = ipaddress.ip_address(address[:64])
    except ValueError:
        return address
    return str(getattr(found, "ipv4_mapped", None) or found)
