"""How do lines reach the engine? A block of bytes as Arrow columns: whole lines, or the fields of plain ones where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

Lines = np.ndarray[Any, np.dtype[np.bool_]]
"""For each line of a block, yes or no."""

LONGEST_LINE = 1 << 20
"""A longer line is no log line; it is rejected whole and its bytes are not kept."""

BATCH_LINES = 1 << 12
"""Lines that a thread takes at a time: few enough that a small file keeps two threads busy."""


@dataclass(frozen=True)
class Block:
    """Consecutive whole lines: as an Arrow stream for the engine, and as bytes for the careful path.

    `odd` marks the lines that must not go to the engine: not UTF-8, or longer than `LONGEST_LINE`.
    """

    first: int
    data: np.ndarray[Any, np.dtype[np.uint8]]
    ends: np.ndarray[Any, np.dtype[np.int64]]
    odd: np.ndarray[Any, np.dtype[np.bool_]]

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.ends)

    @property
    def unfinished(self) -> bool:
        """Whether this is a last line without an end."""
        return len(self.ends) > 0 and int(self.ends[-1]) == len(self.data)

    def raw(self, line: int) -> bytes:
        """Return the bytes of one line by its physical number, without its line end."""
        i = line - self.first
        start = int(self.ends[i - 1]) + 1 if i else 0
        return bytes(self.data[start : int(self.ends[i])].tobytes()).removesuffix(b"\r")

    def odd_lines(self) -> list[int]:
        """Return the physical numbers of the lines that must not go to the engine."""
        return [self.first + int(i) for i in self.odd.nonzero()[0]]

    def too_long(self, line: int) -> bool:
        """Return whether a line is longer than any log line can be."""
        i = line - self.first
        return int(self.ends[i]) - (int(self.ends[i - 1]) + 1 if i else 0) > LONGEST_LINE

    def arrow(self, without: Lines | None = None) -> ArrowLines:
        """Return the lines that are not odd as columns `n` (physical line number) and `line` (text); some may be left out."""
        import nanoarrow as na

        text, offsets, numbers = self._packed(self.odd if without is None else self.odd | without)
        schema = na.struct({"n": na.int64(), "line": na.large_string()})
        arrays = []
        for i in range(0, max(len(numbers), 1), BATCH_LINES):
            part = numbers[i : i + BATCH_LINES]
            cut = offsets[i : i + len(part) + 1]
            n = na.c_array_from_buffers(na.int64(), len(part), [None, np.ascontiguousarray(part)])
            line = na.c_array_from_buffers(
                na.large_string(), len(part), [None, np.ascontiguousarray(cut - cut[0]), text[int(cut[0]) : int(cut[-1])].tobytes()]
            )
            arrays.append(na.c_array_from_buffers(schema, len(part), [None], children=[n, line]))
        return ArrowLines(na.c_schema(schema), arrays)

    def pieces(self, parts: Iterable[Piece]) -> ArrowLines:
        """Return the columns `n`, `f` (the fields of plain lines) and `seen` (a time in microseconds), without copying a byte of them.

        In `f`, a list of texts, a field and what lies between it and the next take turns: the first field is `f[1]`, the second `f[3]`.
        """
        import nanoarrow as na

        parts = list(parts)
        width = parts[0].borders.shape[1] if parts else 2
        listed = na.fixed_size_list(na.string(), width)
        schema = na.struct({"n": na.int64(), "f": listed, "seen": na.int64()})
        arrays = []
        for part in parts:
            rows = len(part.lines)
            offsets = np.append(part.borders.reshape(-1), part.borders[-1, -1])
            begin, end = int(offsets[0]), int(offsets[-1])
            text = [None, (offsets - begin).astype(np.int32), self.data[begin:end]]
            columns = [
                na.c_array_from_buffers(na.int64(), rows, [None, part.lines + self.first]),
                na.c_array_from_buffers(
                    listed, rows, [None], children=[na.c_array_from_buffers(na.string(), rows * width, text, null_count=0)]
                ),
                na.c_array_from_buffers(na.int64(), rows, [None, part.seen]),
            ]
            arrays.append(na.c_array_from_buffers(schema, rows, [None], children=columns))
        return ArrowLines(na.c_schema(schema), arrays)

    def _packed(self, odd: Lines) -> tuple[Any, Any, Any]:
        """Return the text without line ends (and without odd lines), the offsets of its lines and their numbers."""
        keep = np.ones(len(self.data), dtype=bool)
        keep[self.ends[self.ends < len(self.data)]] = False
        starts = np.concatenate(([0], self.ends[:-1] + 1))
        returns = (self.ends > starts) & (self.data[np.maximum(self.ends - 1, 0)] == 13)
        keep[self.ends[returns] - 1] = False
        if odd.any():
            keep &= ~np.repeat(odd, np.diff(np.append(starts, len(self.data))))
        good = ~odd
        offsets = np.concatenate(([0], np.cumsum((self.ends - starts - returns)[good])))
        return self.data[keep], offsets, np.arange(self.first, self.first + len(self))[good]


@dataclass(frozen=True)
class Piece:
    """Some plain lines of a block: their places in it, where their fields begin and end, and their times in microseconds."""

    lines: np.ndarray[Any, np.dtype[np.int64]]
    borders: np.ndarray[Any, np.dtype[np.int64]]
    seen: np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class ArrowLines:
    """Arrow arrays that can be streamed more than once: the engine asks first for the schema and then for the rows."""

    schema: Any
    arrays: list[Any]

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a fresh stream over the same arrays (Arrow PyCapsule interface)."""
        from nanoarrow.c_array_stream import CArrayStream

        return CArrayStream.from_c_arrays(list(self.arrays), self.schema).__arrow_c_stream__()


def block_of(first: int, data: bytes) -> Block:
    """Return bytes as a block of lines of which the first has this number."""
    a = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(a == 10)
    if not data.endswith(b"\n"):
        ends = np.append(ends, len(a))
    odd = np.diff(ends, prepend=-1) > LONGEST_LINE + 1
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        odd |= _not_utf8(a, data, ends)
    return Block(first, a, ends, odd)


def _not_utf8(a: Any, data: bytes, ends: Any) -> Any:  # noqa: ANN401
    """Return which lines are not UTF-8; only lines with a byte above ASCII are looked at."""
    found = np.zeros(len(ends), dtype=bool)
    for i in np.unique(np.searchsorted(ends, np.flatnonzero(a >= 0x80))):
        try:
            data[int(ends[i - 1]) + 1 if i else 0 : int(ends[i])].decode("utf-8")
        except UnicodeDecodeError:
            found[i] = True
    return found


def without_heading(block: Block, skip: int) -> Block:
    """Return a block without the lines up to `skip`."""
    drop = max(0, min(skip - (block.first - 1), len(block)))
    if not drop:
        return block
    start = int(block.ends[drop - 1]) + 1
    return Block(block.first + drop, block.data[start:], block.ends[drop:] - start, block.odd[drop:])
