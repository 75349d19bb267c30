"""Which customer has which address now? Read from the operator's file; a row that makes no sense is counted and tells nobody anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from whosaw.edge import lookup
from whosaw.errors import ConfigError, InputError
from whosaw.model import Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whosaw.edge.policy import Policy


@dataclass(frozen=True, repr=False)
class Subscribers:
    """Address -> the customer's values by column. `repr` says how many, never who."""

    values: Mapping[str, Mapping[str, str]]
    rejected: list[Rejected] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Subscribers({len(self.values)} known, {len(self.rejected)} rejected)"


def read(policy: Policy) -> Subscribers:
    """Return the customers by their addresses. Raises `InputError` if the file cannot be read, `ConfigError` if a column is missing."""
    path = file_of(policy)
    try:
        values, rejected = lookup.read(path, needed(policy))
    except (OSError, UnicodeDecodeError) as problem:
        why = str(getattr(problem, "strerror", None) or problem.__class__.__name__).lower()
        raise InputError(f"cannot read the subscribers `{path}`: {why}", hint="`subscribers.file` of the policy names it") from problem
    except KeyError as problem:
        hint = "a column `address`, and one for each value of the policy's fields"
        raise ConfigError(f"`{path}` has no column `{problem.args[0]}`", hint=hint) from problem
    return Subscribers(values, [Rejected("subscribers", path.name, line, reason) for line, reason in rejected])


def file_of(policy: Policy) -> Path:
    """Return where the file lies."""
    return Path(policy.folder) / policy.subscribers.file


def needed(policy: Policy) -> set[str]:
    """Return the columns that are used: of the values that partners are told, and of the number that logs hold a token of."""
    return {name for name, _ in wanted(policy)} | ({"msisdn"} if policy.log.key_file else set())


def wanted(policy: Policy) -> list[tuple[str, str]]:
    """Return each value in each encoding that some partner is told."""
    return sorted({(told.value, told.encoding) for offer in policy.offers() for told in offer})


def key_file(policy: Policy) -> Path | None:
    """Return where the key of the tokens in logs lies, if the policy names one. Raises `ConfigError` for one that is too short."""
    if not policy.log.key_file:
        return None
    path = Path(policy.folder) / policy.log.key_file
    try:
        size = len(path.read_bytes().strip())
    except OSError as problem:
        why = (problem.strerror or "unknown reason").lower()
        raise ConfigError(f"cannot read `log.key_file`: {why}", hint="it holds one line: one of operator.hash_keys") from problem
    if size < 16:
        raise ConfigError(f"the key in `log.key_file` has {size} bytes, expected at least 16", hint="openssl rand -hex 32 makes one")
    return path


def told(policy: Policy, subscribers: Subscribers) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each address with all that a proxy may need of its customer: `msisdn_e164` and alike, and `sent`, the token for logs."""
    path = key_file(policy)
    key = path.read_bytes().strip() if path else b""
    pairs = wanted(policy)
    for address, values in subscribers.values.items():
        if found := lookup.told(values, pairs, key):
            yield address, found


def tables(policy: Policy, row: str) -> dict[str, str]:
    """Return the text of a table for each value in each encoding, and one for the tokens, with a row (`{address}`, `{value}`) a customer."""
    columns = [column(value, encoding) for value, encoding in wanted(policy)] + (["sent"] if policy.log.key_file else [])
    rows: dict[str, list[str]] = {name: [] for name in columns}
    for address, values in told(policy, read(policy)):
        for name, value in values.items():
            rows[name].append(row.format(address=address, value=value))
    return {name: "".join(lines) for name, lines in rows.items()}


def column(value: str, encoding: str) -> str:
    """Return under which name proxies know a value in an encoding."""
    return f"{value}_{encoding}"
