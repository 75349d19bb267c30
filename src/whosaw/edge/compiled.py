"""What comes out of the compiler: files made of rules, and what this proxy cannot do."""

from __future__ import annotations

import ctypes
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from whosaw.edge.heading import MARK
from whosaw.edge.policy import GAPS
from whosaw.errors import ConfigError, StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.edge.policy import Policy

How = Literal["native", "icap", "none"]
"""How a gap is closed: by the proxy's own rules, by asking the ICAP service, or not at all."""

_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD and RENAME_EXCHANGE of renameat2(2)."""


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
    advice: tuple[str, ...] = ()
    """What the operator's own configuration has to see to."""

    def files(self) -> dict[str, str]:
        """Return file name -> text."""
        found: dict[str, list[str]] = {}
        for rule in self.rules:
            found.setdefault(rule.file, []).append(rule.text)
        return {name: "".join(texts) for name, texts in found.items()}

    def without(self, name: str) -> Compiled:
        """Return the same without one rule."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.name != name))

    def names(self, policy: Policy) -> dict[How, list[str]]:
        """Return the names that must not leave by how they are stopped: in full, by their beginning (`X-VF-*`), or as `cookie NAME`."""
        found: dict[How, list[str]] = {"native": [], "icap": [], "none": []}
        for listed in policy.stripped():
            gap = "cookies" if listed.place == "cookie" else "pattern-names" if listed.prefix else ""
            how = self.gaps[gap][0] if gap else "native"
            found[how].append(f"{'cookie ' if gap == 'cookies' else ''}{listed.name}{'*' if listed.prefix else ''}")
        return found

    def open_gaps(self) -> list[str]:
        """Return what the proxy's own rules cannot stop."""
        return [gap for gap, (how, _) in self.gaps.items() if how != "native"]


def plain(path: Path) -> Path:
    """Return a path that can stand in every proxy's configuration as it is. Raises `ConfigError` for one with spaces, quotes and alike."""
    if not re.fullmatch(r"[\w./+@:~,=-]+", str(path)):
        raise ConfigError(f"`{path}` cannot stand in a proxy's configuration", hint="use letters, digits and ./_-+@:~,= in its name")
    return path


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
    """Write the files into a folder, in place of what was compiled there before: all of them or none. Raises `StorageError`.

    A proxy that reads its configuration meanwhile finds the old files or the new ones.
    """
    out = out.resolve()
    fresh = out.with_name(f".{out.name}.{secrets.token_hex(4)}")
    try:
        _check_place(out)
        fresh.mkdir(parents=True)
        for name, text in compiled.files().items():
            _write(fresh / name, text, 0o600 if name in compiled.secret else 0o755 if name in compiled.programs else 0o644)
        _put(fresh, out)
    except OSError as problem:
        raise StorageError(
            f"cannot write `{out}`: {(problem.strerror or 'unknown reason').lower()}; nothing was changed",
            hint="choose another folder with --out",
        ) from problem
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _check_place(out: Path) -> None:
    """Refuse to replace a folder that holds anything but what was compiled: `--out /etc/nginx` would be the end of it."""
    held = list(out.iterdir()) if out.exists() else []
    if held and not any(path.is_file() and path.read_bytes().startswith(MARK.encode()) for path in held):
        raise StorageError(
            f"`{out}` holds other files, and would be replaced as a whole", hint="give the compiled files a folder of their own"
        )


def _put(fresh: Path, out: Path) -> None:
    """Put a folder in the place of another, in one step where the system can (Linux); elsewhere there is a moment without either."""
    if not out.exists():
        fresh.rename(out)
        return
    exchange = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if exchange is None or exchange(_HERE, os.fsencode(fresh), _HERE, os.fsencode(out), _EXCHANGE) != 0:
        aside = fresh.with_name(f"{fresh.name}.old")
        out.rename(aside)
        try:
            fresh.rename(out)
        except OSError:
            aside.rename(out)
            raise
        aside.rename(fresh)


def _write(path: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
