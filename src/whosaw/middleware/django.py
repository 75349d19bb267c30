"""How is a Django portal watched? By a middleware in `MIDDLEWARE`, and by models whose rows say whose they are.

The settings stand in `WHOSAW`: what `Portal` takes, with functions also as dotted names, and `owners`.
"""

from __future__ import annotations

from contextvars import Context, copy_context
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

from whosaw.middleware.lines import Asked, SettingError, route_of, shape_of
from whosaw.middleware.note import Load, noting, opened
from whosaw.middleware.portal import REFUSED, REFUSED_HEADERS, Portal, Visit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping

FUNCTIONS = ("own", "recipient", "session", "client", "route")
_NOTED = "_whosaw_noted"

_made: list[tuple[object, Portal]] = []


def portal() -> Portal:
    """Return the portal of the settings, which is one in a process. Its first call declares the owners."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    given: Mapping[str, Any] | None = getattr(settings, "WHOSAW", None)
    if given is None:
        raise SettingError("the settings have no `WHOSAW`\n\nhint: WHOSAW = {'sink': '/var/log/portal', 'key_file': '...'}")
    if not _made or _made[0][0] is not given:
        functions = {name: import_string(given[name]) for name in FUNCTIONS if isinstance(given.get(name), str)}
        try:
            made = Portal(**{name: value for name, value in given.items() if name != "owners"} | functions)
        except TypeError as problem:
            raise SettingError(f"`WHOSAW` cannot be read: {problem}\n\nhint: its keys are those of `Portal`, and `owners`") from None
        for model, owner in given.get("owners", {}).items():
            note_loads(model, **(owner if isinstance(owner, dict) else {"owner": owner}))
        _made[:] = [(given, made)]
    return _made[0][1]


def note_loads(model: Any, owner: str | Callable[[Any], object], data: str = "") -> None:  # noqa: ANN401 - a model or its name
    """Have each row of a model that is loaded in a request noted for its owner: a column of the row, or a function of it.

    The column is taken as it was loaded: a row never asks the database for its owner. A function must not do so either.
    """
    from django.apps import apps

    if isinstance(model, str):
        model = apps.get_model(model)
    if not callable(owner):
        owner = model._meta.get_field(owner.removesuffix("_id") if not _has_field(model, owner) else owner).attname  # noqa: SLF001 - Django's public way
    said = [owner, noting(Load(model._meta.label, (data,) if data else ()))]  # noqa: SLF001 - Django's public way
    hooks = model.__dict__.get(_NOTED)
    if hooks is not None:  # declared again: the last word counts
        hooks[:] = said
        return
    setattr(model, _NOTED, said)
    _hook(model, said)


def _has_field(model: Any, name: str) -> bool:  # noqa: ANN401 - a model
    return any(field.name == name for field in model._meta.get_fields())  # noqa: SLF001 - Django's public way


def _hook(model: Any, hooks: list[Any]) -> None:  # noqa: ANN401 - a model
    """Put ourselves around the one method through which Django makes objects of rows."""
    made = model.from_db.__func__

    @wraps(made)
    def from_db(cls: Any, *row: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever Django hands over
        instance = made(cls, *row, **more) if more else made(cls, *row)
        owner, note = hooks
        note(instance.__dict__.get(owner) if owner.__class__ is str else owner(instance))
        return instance

    model.from_db = classmethod(from_db)


class Middleware:
    """The entry of `MIDDLEWARE`, the first of the list: what stands before it sees what it refuses, and it sees what comes after it."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        """Take what answers."""
        from asgiref.sync import iscoroutinefunction, markcoroutinefunction

        self._get_response, self._portal = get_response, portal()
        self._waits = iscoroutinefunction(get_response)
        if self._waits:
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:  # noqa: ANN401 - Django's request and response
        """Answer a request."""
        if self._waits:
            return self._answer_async(request)
        visit = self._portal.visit(request)
        response: Any = None
        with visit.opened():
            try:
                response = self._get_response(request)
                if response.streaming and not response.is_async:
                    response.streaming_content = chunks = _Chunks(response, visit, self._asked(request, response))
                    chunks.begin()
                stopped = visit.stops()
            except BaseException:
                visit.end(self._asked(request, response), 500)
                raise
        return self._finished(visit, request, response, stopped=stopped)

    async def _answer_async(self, request: Any) -> Any:  # noqa: ANN401 - Django's request and response
        visit = self._portal.visit(request)
        response: Any = None
        with visit.opened():
            try:
                response = await self._get_response(request)
                if response.streaming and response.is_async:
                    response.streaming_content = await _begun(response, visit, partial(self._end_async, visit, request, response))
                if visit.asks:
                    await visit.ask_async()
                stopped = visit.stops()
            except BaseException:
                await self._end_async(visit, request, response, 500)
                raise
        if stopped or not response.streaming:
            await self._end_async(visit, request, response, response.status_code)
        return self._refused(response) if stopped else response

    async def _end_async(self, visit: Visit, request: Any, response: Any, status: int) -> None:  # noqa: ANN401 - Django's
        if visit.asks and not visit.ended:
            await visit.ask_async()
        person = None
        if visit.notebook and not visit.ended and self._portal.recipient is None:
            try:  # a login that nobody asked for yet is fetched from the database, which Django forbids here unless it is awaited
                person = await request.auser()
            except Exception as problem:  # noqa: BLE001 - no fault of ours or of the login may break the page
                self._portal.failed(problem)
        visit.end(lambda: self._said(request, response, self._portal.said("recipient", request, lambda: _login(person))), status)

    def _finished(self, visit: Visit, request: Any, response: Any, *, stopped: bool) -> Any:  # noqa: ANN401 - Django's
        if stopped or not response.streaming:
            visit.end(self._asked(request, response), response.status_code)
        return self._refused(response) if stopped else response

    @staticmethod
    def _refused(response: Any) -> Any:  # noqa: ANN401 - Django's response
        from django.http import HttpResponse

        response.close()
        return HttpResponse(REFUSED, status=403, headers=dict(REFUSED_HEADERS))

    def _asked(self, request: Any, response: Any) -> Callable[[], Asked]:  # noqa: ANN401 - Django's request and response
        return lambda: self._said(request, response, self._portal.said("recipient", request, lambda: _login(request.user)))

    def _said(self, request: Any, response: Any, recipient: str) -> Asked:  # noqa: ANN401 - Django's request and response
        from django.conf import settings

        said, name = self._portal.said, settings.SESSION_COOKIE_NAME
        given = response.cookies.get(name) if response is not None else None
        return Asked(
            method=request.method or "",
            host=request.META.get("HTTP_HOST", ""),
            route=said("route", request, lambda: _route(request)),
            client=said("client", request, lambda: request.META.get("REMOTE_ADDR")),
            device=request.META.get("HTTP_USER_AGENT", ""),
            session=said("session", request, lambda: request.COOKIES.get(name)),
            sets_session=given.value if given else "",
            recipient=recipient,
        )


class _Chunks:
    """The chunks of an answer that is streamed: the first is there before the answer goes out, and at the end the lines are left."""

    def __init__(self, response: Any, visit: Visit, asked: Callable[[], Asked]) -> None:  # noqa: ANN401 - Django's response
        self._chunks: Iterator[bytes] = iter(response.streaming_content)
        self._visit, self._asked, self._status = visit, asked, response.status_code
        self._ready: list[bytes] = []
        self._context: Context = copy_context()

    def begin(self) -> None:
        """Fetch the first chunk with anything in it."""
        self._ready = [chunk for chunk in (self._context.run(_first, self._chunks),) if chunk]

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return self._ready.pop() if self._ready else self._context.run(next, self._chunks)

    def close(self) -> None:
        """End the answer, as the server does in any case."""
        self._visit.end(self._asked, self._status)


async def _begun(response: Any, visit: Visit, end: Callable[[int], Awaitable[None]]) -> AsyncIterator[bytes]:  # noqa: ANN401 - Django's
    """Return the chunks of an answer that is streamed asynchronously, of which the first is there already."""
    chunks = aiter(response.streaming_content)
    first = b""
    while not first and (chunk := await anext(chunks, None)) is not None:
        first = chunk

    async def all_of_them() -> AsyncIterator[bytes]:
        try:
            yield first
            while True:
                with opened(visit.notebook):
                    try:
                        chunk = await anext(chunks)
                    except StopAsyncIteration:
                        return
                yield chunk
        finally:
            await end(response.status_code)

    return all_of_them()


def _first(chunks: Iterator[bytes]) -> bytes:
    return next((chunk for chunk in chunks if chunk), b"")


def _login(person: Any) -> object:  # noqa: ANN401 - whatever the portal's logins are
    return person.get_username() if person is not None and person.is_authenticated else ""


def _route(request: Any) -> str:  # noqa: ANN401 - Django's request
    """Return the template of the route; of one that is written as a pattern, and where there is none, the address without identifiers."""
    found = request.resolver_match
    pattern = found.route if found else ""
    return shape_of(request.path) if not found or any(sign in pattern for sign in "(^$\\") else route_of(pattern)
