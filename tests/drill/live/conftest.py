"""A live operator's parts, each as a test needs it: a cast, a store, an application without any proxy before it."""

import itertools
import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest

from whosaw import config, judge
from whosaw.drill.live.cast import make_cast
from whosaw.drill.live.faults import switches
from whosaw.drill.live.store import Store
from whosaw.drill.live.web import Request, answer
from whosaw.drill.live.witness import Witness
from whosaw.model import Result

NOON = 1_326_196_800
"""The tenth of January 2012, at noon."""


class Clock:
    """A clock that a test moves on."""

    def __init__(self):
        self.time = float(NOON)

    def __call__(self):
        return self.time


class Browser:
    """Somebody with a jar of cookies, in front of an application's pages."""

    def __init__(self, routes):
        self.routes, self.cookies = routes, {}

    def ask(self, method, address, *, token="", gone=lambda: False, form=None, **fields):
        parts = urlsplit(address)
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Content-Type": "application/json"} if fields else {}
        body = urlencode(form).encode() if form else json.dumps(fields).encode() if fields else b""
        query = dict(pair.split("=") for pair in parts.query.split("&") if pair)
        got = answer(self.routes, Request(method, parts.path, query, headers, body, gone=gone))
        for name, value in got.headers:
            if name == "Set-Cookie":
                cookie, _, rest = value.partition(";")
                self.cookies.__setitem__(*cookie.split("=", 1))
                if "Max-Age=0" in rest:
                    del self.cookies[cookie.split("=")[0]]
        return got

    def get(self, address, **more):
        return self.ask("GET", address, **more)

    def log_in(self, who):
        return self.ask("POST", "/login", form={"login": who.login, "password": who.password})


@pytest.fixture(scope="session")
def cast():
    return make_cast(7, now=NOON)


@pytest.fixture
def who(cast):
    return {identity.name: identity for identity in cast.identities}


@pytest.fixture
def parts(cast, tmp_path) -> Iterator[Callable[..., SimpleNamespace]]:
    """A store, switches, a clock and a witness; what was shown wrongly can be read back."""
    opened = []

    def made(*words: str) -> SimpleNamespace:
        path = Path(tmp_path / f"truth-{len(opened)}.jsonl")
        store, faults, clock = Store(tmp_path / f"{len(opened)}.sqlite", cast), switches(words), Clock()
        witness = Witness(path, faults, clock)
        opened.extend([store, witness])
        wrong = lambda: [json.loads(line) for line in path.read_text().splitlines()]  # noqa: E731 - a name for the reader
        return SimpleNamespace(store=store, faults=faults, witness=witness, clock=clock, wrong=wrong)

    yield made
    for part in opened:
        part.close()


@pytest.fixture
def browser():
    return Browser


# --- the whole operator, with real proxies ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def place():
    """New folders which Squid may enter: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(prefix="whosaw-live-") as folder:
        Path(folder).chmod(0o755)
        turns = itertools.count()
        yield lambda: Path(folder) / f"run-{next(turns)}"


@pytest.fixture(scope="session")
def judged():
    """Judge the logs of a run as any operator would."""

    def result(folder: Path) -> Result:
        settings, config_hash = config.load(folder / "whosaw.toml")
        case = judge.Case(settings, config_hash, folder, folder / "ledger")
        return judge.run(case, made=datetime(2038, 1, 1, tzinfo=UTC), command="test", progress=lambda *_: None)

    return result
