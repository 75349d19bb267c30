"""Whose rows does a portal load through SQLAlchemy? Mapped classes that say whose they are note it on each load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whosaw.middleware.note import Load, loaded

if TYPE_CHECKING:
    from collections.abc import Callable


def note_loads(mapped: type, owner: str | Callable[[Any], object], data: str = "") -> None:
    """Have each object of a mapped class, and of those below it, that is loaded in a request noted for its owner.

    The owner is an attribute as it was loaded, or a function of the object; neither may ask the database.
    An object that a long-lived session still holds is not loaded again: it is noted only when it is refreshed.
    """
    from sqlalchemy import event

    load = Load(mapped.__name__, (data,) if data else ())

    def note(instance: Any, *_: Any) -> None:  # noqa: ANN401 - whatever SQLAlchemy hands over
        loaded(owner(instance) if callable(owner) else instance.__dict__.get(owner), load)

    event.listen(mapped, "load", note, propagate=True)
    event.listen(mapped, "refresh", note, propagate=True)
