"""What the tests of the middleware share: a portal that keeps its lines, and a ledger that judges them."""

import contextlib
import socket
import threading
import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from whosaw import config, judge
from whosaw.edge.record import keyed
from whosaw.identifiers import Pseudonymiser
from whosaw.identifiers.pseudonyms import DOMAINS
from whosaw.identifiers.vault import secret
from whosaw.middleware import Portal

SECRET = b"k" * 32
SEEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

CASE = """
[keys]
file = "ledger.key"

[[source]]
name = "portal"
files = ["lines/shown.jsonl*"]
format = "edge"
channel = "portal"
vantage = "app"
recipient_kind = "customer_login"
route = [{ template = "/account", self = true, data = ["account"] }]

[[entitlement]]
basis = "ownership"
file = "logins.csv"
columns = { recipient = "login", customer = "account" }
"""


@pytest.fixture
def key():
    """The pseudonym of a value, as the ledger computes it."""
    return lambda domain, value: keyed(DOMAINS[domain], Pseudonymiser(SECRET).key(domain, value))


@pytest.fixture
def watched():
    """Makes portals whose lines are kept in `lines`; each is flushed when they are asked for."""
    made = []

    def make(**settings):
        kept = []
        portal = Portal(settings.pop("sink", kept.append), key=settings.pop("key", SECRET), clock=lambda: SEEN, **settings)
        made.append(portal)

        def lines():
            portal.flush()
            return kept

        return portal, lines

    yield make
    for portal in made:
        portal.close()


@pytest.fixture
def case(tmp_path):
    """A folder with registries and the ledger's key, and how the lines that a portal leaves in it are judged."""
    (tmp_path / "whosaw.toml").write_text(CASE)
    (tmp_path / "logins.csv").write_text("login,account\nanna,A1\nbert,A2\ncarl,A3\n")
    secret(tmp_path / "ledger.key")

    def judged():
        settings, config_hash = config.load(tmp_path / "whosaw.toml")
        asked = judge.Case(settings, config_hash, tmp_path, tmp_path / "out")
        return judge.run(asked, made=datetime(2026, 1, 3, tzinfo=UTC), command="test", progress=lambda *_: None)

    return SimpleNamespace(folder=tmp_path, lines=tmp_path / "lines", key_file=tmp_path / "ledger.key", judged=judged)


@pytest.fixture
def until():
    """Waits for a condition, generously."""

    def wait(condition):
        for _ in range(6000):
            if found := condition():
                return found
            time.sleep(0.01)
        pytest.fail("it did not happen within a minute")

    return wait


@pytest.fixture
def serve_asgi(until):
    """Serves an ASGI application with uvicorn on a free port of this machine, and gives its address."""
    import uvicorn

    with contextlib.ExitStack() as stack:

        def serve(app):
            listening = socket.create_server(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="auto"))
            thread = threading.Thread(target=server.run, args=([listening],))
            thread.start()

            def end():
                server.should_exit = True
                thread.join()
                listening.close()

            stack.callback(end)
            until(lambda: server.started)
            return "127.0.0.1", listening.getsockname()[1]

        yield serve
