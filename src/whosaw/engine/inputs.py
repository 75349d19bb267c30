"""What are the bytes of an input, decompressed by magic and cut at line ends? Whole blocks at a time, never a loop over lines."""

from __future__ import annotations

import glob
import io
import zlib
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING

from whosaw.engine.block import LONGEST_LINE, Block, block_of, without_heading
from whosaw.engine.fingerprint import HEAD, Fingerprint
from whosaw.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

BLOCK = 16 << 20
"""Bytes read at a time: enough for the engine to be busy while the next are read, and few enough that memory stays flat."""

SAMPLE, LONGEST_SAMPLED = 1 << 18, 1 << 16
"""Bytes looked at for guessing the format, and of each line: no format needs more to be recognised."""

BOM_UTF8 = b"\xef\xbb\xbf"

DAMAGED = "compressed data is damaged or ends early"

_GZIP, _ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_PACKED, _ZSTD_PIECE = 1 << 16, 1 << 12
_PROBLEMS = (OSError, EOFError, zlib.error)


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files a pattern names, relative to a folder or absolute, in order."""
    literal = folder / pattern
    if literal.is_file():  # a name may hold the signs of a pattern: access[1].log
        return [literal]
    return [folder / name for name in sorted(glob.glob(pattern, root_dir=folder))]  # noqa: PTH207 - Path.glob knows no absolute patterns


class Likeness(StrEnum):
    """How a content stands to a known one."""

    OTHER = "other"
    SAME = "same"
    GROWN = "grown"
    SHORTER = "shorter"
    """It ends before the known one does; whether it is its beginning has not been looked at."""


@dataclass(frozen=True)
class Known:
    """A content of which we know how far it was read: its size, its fingerprint and from where that goes on."""

    size: int
    digest: str
    state: str


@dataclass
class Tail:
    """Where a known content goes on: its fingerprint so far, and the last line if it had no end."""

    mark: Fingerprint
    rest: bytes = b""


class Input:
    """One file (or standard input, spooled): its blocks, its fingerprint, and whether it ended as it should."""

    def __init__(self, path: Path, *, most: int | None = None) -> None:
        """Look at the first bytes. Raises `InputError` for a folder, a missing file or one that may not be read.

        With `most`, the content ends after so many bytes.
        """
        self.path, self._most = path, most
        self.digest = Fingerprint()
        self.broken = ""
        try:
            with path.open("rb") as f:
                self.magic = f.read(4)
                self.size = path.stat().st_size
        except IsADirectoryError as problem:
            raise InputError(f"`{path}` is a folder, expected a file", hint=f'name its files: "{path}/*"') from problem
        except OSError as problem:
            raise _cannot_read(path, problem) from problem

    @property
    def bytes_read(self) -> int:
        """How many bytes of the content have been read, or were known."""
        return self.digest.size

    @property
    def is_packed(self) -> bool:
        """Whether the file is compressed, so that its size is not that of its content."""
        return self.magic[:2] == _GZIP or self.magic == _ZSTD

    @property
    def is_parquet(self) -> bool:
        """Whether the file is a Parquet file (by its magic, not its name)."""
        return self.magic == PARQUET

    def sample(self, lines: int = 200) -> list[bytes]:
        """Return the first lines, without line ends, for guessing the format; an endless line is cut."""
        found = (line.removesuffix(b"\r")[:LONGEST_SAMPLED] for line in self._first_lines()[:lines])
        return [line for line in found if line.strip()]

    def heading(self) -> tuple[int, bytes]:
        """Return number and text of the first line that is not blank; 0 and nothing if there is none."""
        return next(((i, line.removesuffix(b"\r")) for i, line in enumerate(self._first_lines(), start=1) if line.strip()), (0, b""))

    def head(self) -> bytes:
        """Return the first bytes of the content, which tell one file from another."""
        with self._open() as f:
            return f.read(HEAD) or b""

    def _first_lines(self) -> list[bytes]:
        with self._open() as f:
            return (f.read(SAMPLE) or b"").removeprefix(BOM_UTF8).split(b"\n")

    def whole(self, limit: int = 1 << 30) -> bytes:
        """Return all bytes of a document (HAR); beyond `limit` the document is said to be broken."""
        with self._open() as f:
            data = self._read(f, limit + 1)
        if len(data) > limit:
            self.broken = "document is larger than 1 GiB"
            data = b""
        self.digest.update(data)
        return data

    def digest_only(self) -> None:
        """Pass over the whole content for its digest, without taking it apart."""
        with self._open() as f:
            for _ in self._chunks(f):
                pass

    def marks(self, sizes: Sequence[int]) -> dict[int, str]:
        """Return the digest of the content's first bytes for each of some sizes, as far as it reaches; sizes in order."""
        found, mark = {}, Fingerprint()
        with self._open() as f:
            for size in sizes:
                while mark.size < size and (chunk := self._read(f, min(BLOCK, size - mark.size))):
                    mark.update(chunk)
                if mark.size == size:
                    found[size] = mark.hexdigest()
        return found

    def likeness(self, known: Known) -> Likeness:
        """Return how this content stands to a known one; of what is known, only the last one or two MiB are compared."""
        if not self.is_packed and self.size < known.size:
            return Likeness.SHORTER
        with self._open() as f:
            mark = self._up_to(f, known)[0]
            if mark.size < known.size:
                return Likeness.SHORTER
            if mark.hexdigest() != known.digest:
                return Likeness.OTHER
            return Likeness.GROWN if self._read(f, 1) else Likeness.SAME

    def tail(self, known: Known) -> Tail:
        """Return where a known content goes on. Raises `InputError` when this file does not hold it any more."""
        with self._open() as f:
            return self._tail(f, known)

    def _tail(self, f: io.BufferedIOBase | io.RawIOBase, known: Known) -> Tail:
        mark, window = self._up_to(f, known)
        if mark.size != known.size or mark.hexdigest() != known.digest:
            raise InputError(f"`{self.path}` has changed while it was read", hint="read it again")
        cut = window.rfind(b"\n") + 1
        if not cut and known.size > len(window):
            return Tail(mark, b"?" * (LONGEST_LINE + 1))  # the line began before the window: it is longer than any log line
        return Tail(mark, window[cut:])

    def _up_to(self, f: io.BufferedIOBase | io.RawIOBase, known: Known) -> tuple[Fingerprint, bytes]:
        """Return the fingerprint at a known content's end, and the bytes before it that were looked at; the file is left there."""
        mark = Fingerprint.continued(known.state)
        left = mark.offset
        if f.seekable():
            f.seek(left)
        while left and not f.seekable() and (chunk := self._read(f, min(left, BLOCK))):
            left -= len(chunk)
        window = self._read(f, known.size - mark.offset) if not left or f.seekable() else b""
        mark.update(window)
        return mark, window

    def blocks(self, *, skip: int = 0, known: Known | None = None, line: int = 1) -> Iterator[Block]:
        """Yield all lines in blocks, the first `skip` lines left out. Damage ends the blocks and is told in `broken`.

        With `known`, go on behind it: the next whole line, or its last line if that had no end, has the number `line`.
        A last line without an end is a block of its own.
        """
        with self._open() as f:
            tail = self._tail(f, known) if known else Tail(self.digest)
            self.digest = tail.mark
            yield from cut(self._chunks(f), tail.rest, line, skip=skip, begins=self.bytes_read == len(tail.rest))

    def _chunks(self, f: io.BufferedIOBase | io.RawIOBase) -> Iterator[bytes]:
        left = self._most
        while chunk := self._read(f, BLOCK if left is None else min(BLOCK, left)):
            left = None if left is None else left - len(chunk)
            self.digest.update(chunk)
            yield chunk

    def _read(self, f: io.BufferedIOBase | io.RawIOBase, size: int) -> bytes:
        try:
            chunk = f.read(size) or b""
        except OSError as problem:  # a disk or network file that fails half-way
            self.broken = f"cannot be read to its end: {_reason(problem)}"
            return b""
        if isinstance(f, Unpacked):
            self.broken = f.broken
        return chunk

    def _open(self) -> io.BufferedIOBase | io.RawIOBase:
        try:
            file = self.path.open("rb")
        except OSError as problem:  # it was there a moment ago: logs are rotated while they are read
            raise _cannot_read(self.path, problem) from problem
        return unpacked(file, self.magic) or file


def _reason(problem: OSError) -> str:
    return (problem.strerror or "unknown reason").lower()


def _cannot_read(path: Path, problem: OSError) -> InputError:
    return InputError(f"cannot read `{path}`: {_reason(problem)}", hint="check the path and its permissions")


def unpacked(file: IO[bytes], magic: bytes) -> Unpacked | None:
    """Return the content of a compressed file as a stream; nothing for a file that its first four bytes do not show as compressed."""
    kind = _Gzip if magic[:2] == _GZIP else _Zstd if magic == _ZSTD else None
    return Unpacked(file, kind) if kind else None


class Unpacked(io.RawIOBase):
    """A decompressing stream that hands out all it has before damage, and tells the damage in `broken`: a cut-off archive is evidence."""

    def __init__(self, file: IO[bytes], kind: type[_Gzip | _Zstd]) -> None:
        super().__init__()
        self._file, self._kind, self._unpack = file, kind, kind()
        self._ready = bytearray()
        self._between = self._ended = False
        self.broken = ""

    def read(self, size: int = -1, /) -> bytes:
        """Return so many bytes of content, fewer only where it ends."""
        while not self._ended and (size < 0 or len(self._ready) < size):
            self._more()
        cut = len(self._ready) if size < 0 else size
        found = bytes(self._ready[:cut])
        del self._ready[:cut]
        return found

    def close(self) -> None:
        """Close the compressed file."""
        self._file.close()
        super().close()

    def _more(self) -> None:
        piece = self._file.read(_PACKED)
        if not piece:
            self._ended = True
            if not self._between:
                self.broken = DAMAGED
                self._ready += self._unpack.flush()
        while piece and not self._ended:
            piece = self._take(piece)

    def _take(self, piece: bytes) -> bytes:
        """Unpack a piece; return what of it belongs to the next member (archives may be written one behind the other)."""
        if self._between:
            piece = piece.lstrip(b"\0")  # padding to a whole tape block
            if not piece:
                return b""
            self._unpack, self._between = self._kind(), False
        try:
            self._ready += self._unpack.feed(piece)
        except _PROBLEMS:
            self._ready += self._unpack.salvaged()
            self.broken, self._ended = DAMAGED, True
            return b""
        self._between = self._unpack.finished
        return self._unpack.rest if self._between else b""


class _Gzip:
    """One gzip member."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self._before, self._piece = self._inner.copy(), b""

    def feed(self, piece: bytes) -> bytes:
        self._before, self._piece = self._inner.copy(), piece
        return self._inner.decompress(piece)

    def salvaged(self) -> bytes:
        """Return what the piece that failed holds before its damage: it is fed again byte by byte."""
        found = bytearray()
        with suppress(*_PROBLEMS):
            for i in range(len(self._piece)):
                found += self._before.decompress(self._piece[i : i + 1])
        return bytes(found)

    def flush(self) -> bytes:
        return self._inner.flush()

    @property
    def finished(self) -> bool:
        return self._inner.eof

    @property
    def rest(self) -> bytes:
        return self._inner.unused_data


class _Zstd:
    """One Zstandard frame. It is unpacked in blocks, so nothing before a damaged block is lost by feeding small pieces."""

    def __init__(self) -> None:
        import zstandard

        self._inner = zstandard.ZstdDecompressor().decompressobj()
        self._got = bytearray()
        self._rest = b""

    def feed(self, piece: bytes) -> bytes:
        self._got = bytearray()
        try:
            for i in range(0, len(piece), _ZSTD_PIECE):
                self._got += self._inner.decompress(piece[i : i + _ZSTD_PIECE])
                if self._inner.eof:
                    self._rest = self._inner.unused_data + piece[i + _ZSTD_PIECE :]
                    break
        except Exception as problem:  # zstandard has its own base class, and is imported only when it is needed
            raise zlib.error(str(problem)) from problem
        return bytes(self._got)

    def salvaged(self) -> bytes:
        return bytes(self._got)

    def flush(self) -> bytes:
        return b""

    @property
    def finished(self) -> bool:
        return bool(self._inner.eof)

    @property
    def rest(self) -> bytes:
        return self._rest


def cut(chunks: Iterable[bytes], rest: bytes = b"", line: int = 1, *, skip: int = 0, begins: bool = True) -> Iterator[Block]:
    """Yield consecutive bytes as blocks of whole lines, the first of which has the number `line`; lines up to `skip` are a heading.

    `rest` is the beginning of the first line, where that is known already; `begins` says that it is the beginning of a file.
    """
    for chunk in chunks:
        data = rest + chunk
        data = data.removeprefix(BOM_UTF8) if begins else data
        upto = data.rfind(b"\n") + 1
        rest = data[upto:]
        begins = begins and not upto and len(rest) < len(BOM_UTF8)
        if len(rest) > BLOCK:
            rest = rest[: LONGEST_LINE + 1]  # an endless line: keep enough of it to be rejected
        if upto:
            block = block_of(line, data[:upto])
            line += len(block)
            yield without_heading(block, skip)
    if rest:
        yield without_heading(block_of(line, rest), skip)
