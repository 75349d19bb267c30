"""A server of ours in a thread of the test, and requests to it as they are written."""

import asyncio
import socket
import ssl
import threading
from contextlib import contextmanager

from whosaw.wire.http import Limits, Server, until_stopped


@contextmanager
def serving(answer, *listeners, limits=None):
    """Serve, and give the ports."""
    ports, began, held = [], threading.Event(), []

    async def serve():
        held.extend((asyncio.get_running_loop(), asyncio.Event()))
        await until_stopped(Server(answer, limits or Limits()), listeners, held[1], ready)

    def ready(found):
        ports.extend(found)
        began.set()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert began.wait(20)
        yield ports
    finally:
        held[0].call_soon_threadsafe(held[1].set)
        thread.join(20)


def raw(port, *lines, body=b"", secure=False):
    """Send a request as it is written, and return status, headers and body of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        wire = unchecked().wrap_socket(plain) if secure else plain
        wire.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        answer = b"".join(iter(lambda: wire.recv(65536), b""))
        if secure:
            wire.close()
    head, _, rest = answer.partition(b"\r\n\r\n")
    first, *headers = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]) if first else 0, dict(line.split(": ", 1) for line in headers), rest.decode()


def unchecked():
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
