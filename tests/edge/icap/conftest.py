"""The service in this process, asked as a client asks, over a transport that only notes what is sent."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from policies import GROUND, loaded
from whosaw.edge.icap import service
from whosaw.edge.icap.server import Connection, Server
from whosaw.edge.record import Recorder
from whosaw.identifiers import Pseudonymiser

NOW = datetime(2026, 1, 15, tzinfo=UTC)
PAGE = '[[page]]\nroute = "/account"\nshown = "regex:Account (A-[0-9]+)"\nown = "request:X-Session-Customer"\nmode = "block"\n'


class Wire:
    """What a transport is to a protocol."""

    def __init__(self):
        self.sent = b""
        self.closed = self.aborted = False
        self.unsent = 0
        self.reading = True

    def write(self, data):
        assert not self.closed
        self.sent += data

    def set_write_buffer_limits(self, high):
        self.high = high

    def pause_reading(self):
        self.reading = False

    def resume_reading(self):
        self.reading = True

    def close(self):
        self.closed = True

    def abort(self):
        self.aborted = True

    def is_closing(self):
        return self.closed

    def get_write_buffer_size(self):
        return self.unsent


@pytest.fixture
def edge(tmp_path):
    policy = loaded(tmp_path, ground=PAGE + GROUND)
    made = service.Edge(service.ready(policy, NOW), Recorder(tmp_path / "record"), Pseudonymiser(b"k" * 32), lambda: NOW)
    yield made
    made.recorder.close()


@pytest.fixture
def icap(edge):
    """A connection to the service; `ask` sends bytes and returns what came back."""
    now = [0.0]
    server = Server(edge, 2, lambda: now[0])

    def connect():
        wire, connection = Wire(), Connection(server)
        connection.connection_made(wire)

        def ask(data):
            wire.sent = b""
            connection.data_received(data)
            return wire.sent

        return SimpleNamespace(ask=ask, wire=wire, connection=connection)

    return SimpleNamespace(connect=connect, server=server, now=now, edge=edge)
