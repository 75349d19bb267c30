"""Whose rows does a portal load through SQLAlchemy? Mapped classes that say whose they are note it on each load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whosaw.middleware.note import Load, noting

if TYPE_CHECKING:
    from collections.abc import Callable


def note_loads(mapped: type, owner: str | Callable[[Any], object], data: str = "") -> None:
    """Have each object of a mapped class, and of those below it, that is loaded in a request noted for its owner.

    The owner is an attribute as it was loaded, or a function of the object; neither may ask the database.
    An object that a long-lived session still holds is not loaded again: it is noted only when it is refreshed.
    """
    from sqlalchemy import event

    note = noting(Load(mapped.__name__, (data,) if data else ()))
    whose = owner if callable(owner) else lambda instance: instance.__dict__.get(owner)

    def loaded(state: Any, *_: Any) -> None:  # noqa: ANN401 - whatever SQLAlchemy hands over
        note(whose(state.obj()))

    event.listen(mapped, "load", loaded, propagate=True, raw=True)
    event.listen(mapped, "refresh", loaded, propagate=True, raw=True)
