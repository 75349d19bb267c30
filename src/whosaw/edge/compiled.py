"""What comes out of the compiler: files made of rules, and what this proxy cannot do."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from whosaw.edge.policy import GAPS
from whosaw.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.edge.policy import Policy

How = Literal["native", "icap", "none"]
"""How a gap is closed: by the proxy's own rules, by asking the ICAP service, or not at all."""


class Rule(NamedTuple):
    """A piece of a file that does one thing. A file is its rules' texts, one after the other.

    What is `frame` holds others together and does nothing alone; every other rule can be dropped, and is then missed by somebody.
    """

    name: str
    file: str
    text: str
    frame: bool = False


@dataclass(frozen=True)
class Compiled:
    """The rules for one proxy, the files of numbers they refer to, and how each of the policy's gaps is closed."""

    target: str
    rules: tuple[Rule, ...]
    gaps: Mapping[str, tuple[How, str]]
    """Gap -> how it is closed, and a sentence about it."""
    main: str
    """The file that the operator's own configuration includes."""
    secret: frozenset[str] = field(default_factory=frozenset)
    """Files that hold numbers: readable by their owner alone."""
    programs: frozenset[str] = field(default_factory=frozenset)
    """Files that are run."""

    def files(self) -> dict[str, str]:
        """Return file name -> text."""
        found: dict[str, list[str]] = {}
        for rule in self.rules:
            found.setdefault(rule.file, []).append(rule.text)
        return {name: "".join(texts) for name, texts in found.items()}

    def without(self, name: str) -> Compiled:
        """Return the same without one rule."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.name != name))

    def open_gaps(self) -> list[str]:
        """Return what the proxy's own rules cannot stop."""
        return [gap for gap, (how, _) in self.gaps.items() if how != "native"]


def check(compiled: Compiled, policy: Policy) -> None:
    """Refuse what would be weaker than the policy without anybody having said that this will do. Raises `ConfigError`."""
    left = [
        gap for gap, (how, _) in compiled.gaps.items() if how == "none" or (how == "icap" and not policy.icap.url)
        if gap not in policy.accept
    ]  # fmt: skip
    if left:
        listed = "; ".join(f"{GAPS[gap]} ({compiled.gaps[gap][1]})" for gap in left)
        by_icap = any(compiled.gaps[gap][0] == "icap" for gap in left)
        words = ", ".join(f'"{gap}"' for gap in sorted({*policy.accept, *left}))
        raise ConfigError(
            f"{compiled.target} alone cannot stop: {listed}",
            hint=f"{'let it ask `whosaw edge icap` ([icap] url = ...), or ' if by_icap else ''}say that it will do: accept = [{words}]",
        )


def write(compiled: Compiled, out: Path) -> None:
    """Write the files into a folder, in place of what was there: all of them or none. Raises `StorageError`."""
    fresh = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    old = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        fresh.mkdir(parents=True)
        for name, text in compiled.files().items():
            _write(fresh / name, text, 0o600 if name in compiled.secret else 0o755 if name in compiled.programs else 0o644)
        if out.exists():
            out.rename(old)
        fresh.rename(out)
    except OSError as problem:
        shutil.rmtree(fresh, ignore_errors=True)
        if old.exists() and not out.exists():
            old.rename(out)
        raise StorageError(
            f"cannot write `{out}`: {(problem.strerror or 'unknown reason').lower()}; nothing was changed",
            hint="choose another folder with --out",
        ) from problem
    shutil.rmtree(old, ignore_errors=True)


def _write(path: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
