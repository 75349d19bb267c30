"""How is it asked over the network? One process, one port: the standard's endpoints, what proxies ask, and how the service stands."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from whosaw.edge.decide import wire
from whosaw.edge.decide.answer import Decider
from whosaw.edge.decide.contracts import ENVOY, PREFIX, Contracts, source_of
from whosaw.edge.decide.search import Searcher
from whosaw.edge.decide.standing import Standing
from whosaw.edge.record import Recorder
from whosaw.errors import ConfigError, StorageError, WhosawError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
    from datetime import datetime
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from whosaw.judge.work import Case

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY = 1 << 20
"""Bytes of a question at most; a batch of a thousand has a tenth of it."""

PATIENCE = 10.0
"""Seconds for which the rest of a question is waited for."""

LOOKED = 1.0
"""Seconds between two looks at the registries, and between two times that what was recorded is brought to the disk."""

TURN = 0.0005
"""Seconds after which a thread that loads lets an answer go first; ten times as long is usual, and each answer would wait so long."""

IDLE = 75
"""Seconds for which a connection is kept open: longer than a proxy keeps its own, or it would ask into a closed one."""


class Service(NamedTuple):
    """What answers, opened."""

    standing: Standing
    decider: Decider
    searcher: Searcher
    contracts: Contracts | None
    recorder: Recorder
    token: bytes
    url: str


def opened(case: Case, record: Path, *, now: Callable[[], datetime]) -> Service:
    """Load what is needed to answer. Raises what the configuration has wrong."""
    config = case.config
    token = _token(case)
    source = source_of(config)
    standing = Standing(case, clock=time.monotonic())
    recorder = Recorder(record)
    decider = Decider(standing, config, recorder, now)
    searcher = Searcher(decider, page=config.decide.page, is_on=config.decide.search)
    contracts = Contracts(decider, source, config, token) if source else None
    return Service(standing, decider, searcher, contracts, recorder, token, config.decide.url)


def _token(case: Case) -> bytes:
    """Return the secret that whoever asks must show; nothing if none is configured."""
    decide = case.config.decide
    if decide.secret_env:
        found = os.environ.get(decide.secret_env, "")
        where = f"the environment variable `{decide.secret_env}`"
    elif decide.secret_file:
        path = case.folder / decide.secret_file
        try:
            found = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            raise ConfigError(
                f"`decide.secret_file` cannot be read: `{path}`", hint="one line of text, readable by the service"
            ) from problem
        where = f"`{path}`"
    else:
        return b""
    if len(found) < 16:
        raise ConfigError(f"{where} holds no secret of at least 16 signs", hint="for example the output of `openssl rand -hex 32`")
    return found.encode()


class Application:
    """The service as an ASGI application. What proxies ask before each request goes past the framework, which would cost most of it."""

    def __init__(self, service: Service, tell: Callable[[str], None]) -> None:
        """Answer with a service; `tell` hears of troubles."""
        self._service, self._tell = service, tell
        self._others = self._standard()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX) and self._service.contracts is not None:
            await self._proxy(self._service.contracts, scope, send)
        else:
            await self._others(scope, receive, send)

    async def _proxy(self, contracts: Contracts, scope: Scope, send: Send) -> None:
        raw, query = scope["raw_path"], scope["query_string"]
        address = (raw[len(ENVOY) :] + (b"?" + query if query else b"")).decode("latin-1")
        status, headers, body = contracts.reply(scope["path"], address, scope["method"], scope["headers"])
        if status != 204:
            headers.append((b"content-length", b"%d" % len(body)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _standard(self) -> Starlette:
        from starlette.applications import Starlette
        from starlette.routing import Route

        service, searches = self._service, wire.SEARCHES.items()
        place = wire.METADATA + ("/" + service.url.split("/", 3)[3] if service.url.count("/") > 2 else "")
        routes = [
            Route(wire.EVALUATION, self._asked(service.decider.evaluate), methods=["POST"]),
            Route(wire.EVALUATIONS, self._asked(service.decider.evaluate_all), methods=["POST"]),
            *(Route(path, self._searched(part), methods=["POST"]) for part, path in searches),
            Route(place, self._metadata),
            Route("/health", self._health),
        ]
        return Starlette(routes=routes, lifespan=self._alive)

    def _asked(self, answer: Callable[[bytes], Any]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await self._body(request)
            return _response(request, body if isinstance(body, wire.Problem) else answer(body))

        return endpoint

    def _searched(self, part: str) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = await self._body(request)
            if isinstance(body, wire.Problem):
                return _response(request, body)
            return _response(request, await asyncio.to_thread(self._service.searcher.search, part, body))

        return endpoint

    async def _body(self, request: Request) -> bytes | wire.Problem:
        """Return the body of a question that may be asked."""
        shown = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        if self._service.token and not compare_digest(shown, self._service.token):
            return wire.Problem(401, "the token is missing or wrong")
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return wire.Problem(400, "the content type is not application/json")
        body = bytearray()
        try:
            async with asyncio.timeout(PATIENCE):
                async for part in request.stream():
                    body += part
                    if len(body) > BODY:
                        return wire.Problem(413, f"the body is longer than {BODY} bytes")
        except TimeoutError:
            return wire.Problem(408, "the body did not come")
        return bytes(body)

    async def _metadata(self, request: Request) -> Response:
        if not self._service.url:
            return _response(request, wire.Problem(404, "the service does not know its own address: set url in [decide]"))
        return _response(request, wire.metadata(self._service.url, search=self._service.searcher.is_on))

    async def _health(self, request: Request) -> Response:
        standing, recorder = self._service.standing, self._service.recorder
        said = {"entitlements": standing.index.size, "recorded": recorder.written, "lost": recorder.lost, "troubles": standing.troubles}
        return _response(request, said, status=503 if recorder.lost else 200)

    @asynccontextmanager
    async def _alive(self, _: Starlette) -> AsyncIterator[None]:
        """Look at the registries as long as the service lives; when it ends, all that was recorded is on the disk."""
        loop, recorder = asyncio.get_running_loop(), self._service.recorder
        with suppress(ValueError, RuntimeError):  # only in the main thread
            loop.add_signal_handler(signal.SIGHUP, self._reopen)
        sys.setswitchinterval(TURN)
        gc.collect()
        gc.freeze()  # what was loaded stays: looking through it again and again would make single answers late
        at_work = [asyncio.create_task(self._every_second(job)) for job in (recorder.flush, self._look)]
        yield
        for task in at_work:
            task.cancel()
        await asyncio.gather(*at_work, return_exceptions=True)
        recorder.close()
        self._service.standing.close()

    def _reopen(self) -> None:
        try:
            self._service.recorder.reopen()
        except StorageError as problem:
            self._tell(f"{problem.message}; the files that are open are written on")

    async def _every_second(self, job: Callable[[], None]) -> None:
        """Do a job beside the answers again and again; what goes wrong is told once, and tried again."""
        told = ""
        while True:
            await asyncio.sleep(LOOKED)
            try:
                await asyncio.to_thread(job)
                told = ""
            except (OSError, WhosawError) as problem:
                if str(problem) != told:
                    self._tell(told := str(problem))

    def _look(self) -> None:
        standing = self._service.standing
        before = dict(standing.troubles)
        standing.reconsider(time.monotonic())
        for why in standing.troubles.values():
            if why not in before.values():
                self._tell(why)


def _response(request: Request, answer: object, *, status: int = 200) -> Response:
    from starlette.responses import Response

    headers = {"Cache-Control": "no-store"}
    if "x-request-id" in request.headers:
        headers["X-Request-ID"] = request.headers["x-request-id"]
    if isinstance(answer, wire.Problem):
        if answer.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return Response(msgspec.json.encode(answer.message), answer.status, headers, "application/json")
    return Response(msgspec.json.encode(answer), status, headers, "application/json")


def listening(address: tuple[str, int]) -> socket.socket:
    """Return a socket that listens. Raises `ConfigError` when that cannot be."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        return socket.create_server(address, family=family, backlog=2048)
    except OSError as problem:
        raise ConfigError(
            f"cannot listen at `{address[0]}:{address[1]}`: {(problem.strerror or 'unknown reason').lower()}",
            hint="name another address with --listen",
        ) from problem


def serve(case: Case, service: Service, socket_: socket.socket, *, tell: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM; requests that are under way are answered first."""
    import uvicorn

    class Server(uvicorn.Server):
        """Ends with its command, which still has something to say, and not by the signal that it was asked with."""

        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
            yield
            for number, handler in before.items():
                signal.signal(number, handler)

    decide = case.config.decide
    server = Server(
        uvicorn.Config(
            Application(service, tell),
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_level="error",
            server_header=False,
            date_header=False,
            timeout_keep_alive=IDLE,
            timeout_graceful_shutdown=5,
            ssl_certfile=str(case.folder / decide.cert) if decide.cert else None,
            ssl_keyfile=str(case.folder / decide.key) if decide.key else None,
        )
    )
    server.run(sockets=[socket_])
