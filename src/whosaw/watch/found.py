"""Which files do the patterns of a source name at this moment? Cheap enough to ask every two seconds of a folder with thousands."""

from __future__ import annotations

import errno
import fnmatch
import glob
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Key = tuple[int, int]
"""Device and inode: what a file is while it is there, whatever its name."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file that is there: what it is, where, and how far it has grown."""

    key: Key
    path: str
    size: int
    modified: int


def look(folder: Path, patterns: Iterable[str]) -> tuple[dict[Key, Found], dict[str, str]]:
    """Return the files that patterns and folders name, each once whatever its names, and what cannot be looked at with the reason.

    A name that leads elsewhere (a symbolic link) yields to the file's own name.
    """
    files: dict[Key, Found] = {}
    problems: dict[str, str] = {}
    linked: dict[Key, Found] = {}
    for pattern in patterns:
        matched = False
        for entry in _named(folder, pattern, problems):
            found = _found(entry, problems)
            if found is not None:
                matched = True
                (linked if entry.is_symlink() else files).setdefault(found.key, found)
        if not matched and pattern not in problems and not (folder / pattern).is_dir():  # a folder may be empty for a while
            problems[pattern] = "no file has this name"
    return {**linked, **files}, problems


Entry = os.DirEntry[str] | Path
"""A name in a folder; listing it tells most of what we ask, so that thousands cost little."""


def _named(folder: Path, pattern: str, problems: dict[str, str]) -> Iterator[Entry]:
    """Yield the names a pattern fits: a file of literally that name, all files of a folder, or what fits in the folders that fit."""
    literal = folder / pattern
    if literal.is_file():  # a name may hold the signs of a pattern: access[1].log
        yield literal
        return
    if literal.is_dir():
        yield from _inside(literal, "*", problems)
        return
    above, _, name = str(literal).rpartition(os.sep)
    if name == "" or not glob.has_magic(name):
        name = name or "*"
    for place in sorted(glob.glob(above or os.sep)) if glob.has_magic(above) else [above or os.sep]:  # noqa: PTH207 - Path.glob knows no absolute patterns
        yield from _inside(Path(place), name, problems)


def _inside(place: Path, pattern: str, problems: dict[str, str]) -> Iterator[Entry]:
    fits = re.compile(fnmatch.translate(pattern)).fullmatch
    try:
        with os.scandir(place) as entries:
            named = sorted((entry for entry in entries if fits(entry.name)), key=lambda entry: entry.name)
    except OSError as problem:
        if problem.errno not in {errno.ENOENT, errno.ENOTDIR}:
            problems[str(place)] = reason(problem)
        return
    for entry in named:
        if not entry.name.startswith(".") or pattern.startswith("."):
            yield entry


def _found(entry: Entry, problems: dict[str, str]) -> Found | None:
    try:
        told = entry.stat()
    except OSError as problem:
        if problem.errno != errno.ENOENT:  # gone since its folder was listed, or a link to nothing: not there
            problems[os.fspath(entry)] = reason(problem)
        return None
    if not stat.S_ISREG(told.st_mode):
        return None
    return Found((told.st_dev, told.st_ino), os.fspath(entry), told.st_size, told.st_mtime_ns)


def reason(problem: OSError) -> str:
    """Return why the system refused, in words."""
    return (problem.strerror or "unknown reason").lower()
