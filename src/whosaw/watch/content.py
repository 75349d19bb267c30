"""What are the bytes of a followed file from some place on? The same answer whether it lies there plain or compressed."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from whosaw.engine.inputs import PARQUET, Unpacked, unpacked

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer

    from whosaw.watch.found import Key

_STEP = 1 << 22


class Content:
    """An opened file. It stays readable under its handle when the file is renamed or removed. Close it.

    A compressed file is unpacked from its beginning; going back means beginning again.
    """

    def __init__(self, path: Path) -> None:
        """Open the file. Raises `OSError`."""
        self.path = path
        self._file = path.open("rb", buffering=0)
        try:
            self.magic = os.pread(self._file.fileno(), 4, 0)
        except OSError:
            self._file.close()
            raise
        self._unpacked: Unpacked | None = None
        self._place = 0
        self.is_compressed = (found := unpacked(io.BytesIO(), self.magic)) is not None
        if found is not None:
            found.close()

    @property
    def key(self) -> Key:
        """Which file was opened: the name may lead to another one by now."""
        told = os.fstat(self._file.fileno())
        return told.st_dev, told.st_ino

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return os.fstat(self._file.fileno()).st_size

    @property
    def is_parquet(self) -> bool:
        """Whether it is a Parquet file, which has no lines."""
        return self.magic == PARQUET

    @property
    def broken(self) -> str:
        """Why the compressed content ended before its end, if it did."""
        return self._unpacked.broken if self._unpacked else ""

    def close(self) -> None:
        """Let go of the file."""
        self.rewind()
        self._file.close()

    def rewind(self) -> None:
        """Forget how far a compressed file was unpacked: it may have become longer."""
        if self._unpacked is not None:
            self._unpacked.close()
        self._unpacked, self._place = None, 0

    def at(self, offset: int, size: int) -> bytes:
        """Return so many bytes of content from an offset, fewer only where it ends. Raises `OSError`."""
        if size <= 0:
            return b""
        if self.is_compressed:
            return self._unpack(offset, size)
        found = bytearray()
        while len(found) < size and (more := os.pread(self._file.fileno(), size - len(found), offset + len(found))):
            found += more
        return bytes(found)

    def _unpack(self, offset: int, size: int) -> bytes:
        if self._unpacked is None or offset < self._place:
            self.rewind()
            self._unpacked = unpacked(io.BufferedReader(_FromTheBeginning(self._file.fileno())), self.magic)
        stream = self._unpacked
        if stream is None:
            return b""
        while self._place < offset and (skipped := stream.read(min(_STEP, offset - self._place))):
            self._place += len(skipped)
        if self._place < offset:
            return b""
        data = stream.read(size)
        self._place += len(data)
        return data


class _FromTheBeginning(io.RawIOBase):
    """The bytes behind a handle that others use as well; closing it leaves the handle alone."""

    def __init__(self, handle: int) -> None:
        super().__init__()
        self._handle, self._place = handle, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        found = os.pread(self._handle, len(view), self._place)
        view[: len(found)] = found
        self._place += len(found)
        return len(found)


def opened(path: Path, key: Key) -> Content | None:
    """Return a file's content if its name still leads to it; nothing if the name leads to another file by now. Raises `OSError`."""
    content = Content(path)
    with suppress(OSError):
        if content.key == key:
            return content
    content.close()
    return None
