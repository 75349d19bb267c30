"""What comes next, while this is still being worked on? An iterator that is one step ahead, in a thread of its own."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Item = TypeVar("Item")


@dataclass(frozen=True)
class _End:
    """There is no further item; with a problem, because making it failed."""

    problem: BaseException | None = None


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield the same items in the same order, each made in a thread while the one before it is in use.

    A problem in making an item is raised where the item would have come. When nobody wants more, the thread ends after its item.
    """
    made: queue.Queue[Item | _End] = queue.Queue(maxsize=1)
    unwanted = threading.Event()
    thread = threading.Thread(target=_make, args=(items, made, unwanted), name="whosaw-ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := made.get(), _End):
            yield item
        if item.problem is not None:
            raise item.problem
    finally:
        unwanted.set()
        while thread.is_alive():
            _drained(made)
            thread.join(0.01)


def _make(items: Iterable[Item], made: queue.Queue[Item | _End], unwanted: threading.Event) -> None:
    try:
        for item in items:
            if unwanted.is_set():
                return
            made.put(item)
    except BaseException as problem:  # noqa: BLE001 - it is raised where the item was wanted
        made.put(_End(problem))
    else:
        made.put(_End())


def _drained(made: queue.Queue[Item | _End]) -> None:
    """Take out what nobody will take, so that whoever waits to put something in goes on."""
    while not made.empty():
        made.get_nowait()
