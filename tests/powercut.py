"""What is on a disk when the power fails? A model that is harsher than most: only what was synced is sure to be there.

- The bytes of a file are sure up to its last fsync; behind that they are there, cut short, or zeros.
- A name (new, renamed, removed) is sure since the last fsync of its folder; otherwise each name alone has happened or not.
- SQLite's own syncs are not seen from here. A commit with `synchronous = full` is taken to be on the disk when it returns; of one that
  has not returned, any beginning of what was written to the log may be there. So this proves our order of steps and not SQLite's.
"""

import contextlib
import os
import shutil
import signal
from pathlib import Path

from whosaw.ledger.manifest import MANIFEST, Manifest

DATABASE = (MANIFEST, f"{MANIFEST}-wal")


class Disk:
    """The disk under a ledger's folder, from the moment this is made."""

    def __init__(self, folder, dice, *, unsynced=False):
        """Watch all that is synced in a folder. With `unsynced`, syncs do nothing: the test of the test."""
        self.folder, self.dice, self.unsynced = folder, dice, unsynced
        self.names = {}
        self.sizes = {}
        self.shadow = folder.with_name(".shadow")
        shutil.rmtree(self.shadow, ignore_errors=True)
        self.shadow.mkdir()
        for place in [folder, *(p for p in folder.rglob("*") if p.is_dir())] if folder.is_dir() else []:
            self._settle(place)
            for path in place.iterdir():
                self.sizes[path.stat().st_ino] = path.stat().st_size
        self._keep_database()
        self._hook()

    def _hook(self):
        real_fsync = os.fsync

        def fsync(handle):
            path = Path(f"/proc/self/fd/{handle}").readlink()
            if path.is_relative_to(self.folder) and not self.unsynced:
                if path.is_dir():
                    self._settle(path)
                else:
                    self.sizes[path.stat().st_ino] = path.stat().st_size
            real_fsync(handle)

        os.fsync = fsync
        for name in ("together", "__init__", "close"):
            setattr(Manifest, name, self._then_keep(getattr(Manifest, name)))
        rows = Manifest.rows
        Manifest.rows = lambda own, sql, values=(): (rows if sql.startswith("select") else self._then_keep(rows))(own, sql, values)

    def _then_keep(self, real):
        def call(*args, **options):
            answer = real(*args, **options)
            self._keep_database()
            return answer

        return call

    def _settle(self, place):
        """Note the names of a folder, and keep what they stand for, so that it can come back."""
        self.names[place] = {}
        for path in place.iterdir():
            number = path.stat().st_ino
            self.names[place][path.name] = number
            if path.is_file() and not (self.shadow / str(number)).exists():
                os.link(path, self.shadow / str(number))

    def _keep_database(self):
        self.database = {name: path.read_bytes() for name in DATABASE if (path := self.folder / name).exists()}

    def cut(self):
        """Leave on the disk what may be there, and die."""
        if self.folder.is_dir():
            self._cut_folder(self.folder)
            self._cut_database()
        os.kill(os.getpid(), signal.SIGKILL)

    def _cut_folder(self, place):
        sure = self.names.get(place, {})
        for path in list(place.iterdir()):
            if path.name.startswith(MANIFEST):
                continue
            if path.name not in sure and self.dice.random() < 0.5:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            elif path.is_dir():
                self._cut_folder(path)
            else:
                self._cut_file(path)
        for name, number in sure.items():
            kept = self.shadow / str(number)
            if not (place / name).exists() and kept.exists() and not name.startswith(MANIFEST) and self.dice.random() < 0.5:
                os.link(kept, place / name)

    def _cut_file(self, path):
        sure, size = self.sizes.get(path.stat().st_ino, 0), path.stat().st_size
        if sure < size and self.dice.random() < 0.7:
            with path.open("r+b") as f:
                f.truncate(self.dice.randrange(sure, size))
                if self.dice.random() < 0.5:
                    f.truncate(size)

    def _cut_database(self):
        """The log of the database holds the last commit for sure, and of what was written since, any beginning."""
        now = {name: path.read_bytes() for name in DATABASE if (path := self.folder / name).exists()}
        log = f"{MANIFEST}-wal"
        grown = len(now.get(log, b"")) > len(self.database.get(log, b"")) and now.get(MANIFEST) == self.database.get(MANIFEST)
        if grown:
            self.database[log] = now[log][: self.dice.randrange(len(self.database.get(log, b"")), len(now[log]) + 1)]
        for name in (*DATABASE, f"{MANIFEST}-shm"):
            with contextlib.suppress(FileNotFoundError):
                (self.folder / name).unlink()
        for name, content in self.database.items():
            (self.folder / name).write_bytes(content)
