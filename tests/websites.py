"""A website that all names lead to and that keeps the raw heads it gets, and how a test waits for the servers it starts."""

import socket
import socketserver
import threading
import time
from contextlib import contextmanager

import pytest

PATIENCE = 30.0


class _Website(socketserver.StreamRequestHandler):
    def handle(self):
        head = b""
        while not head.endswith(b"\r\n\r\n") and (line := self.rfile.readline()):
            head += line
        if head:
            self.server.heads.append(head)
            page = self.server.pages.get(head.split(b" ", 2)[1], b"ok\n")
            more = b"".join(b"%b: %b\r\n" % pair for pair in self.server.headers.items())
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n%b\r\n%b" % (len(page), more, page))


@contextmanager
def website(headers=None):
    """A running website: `heads` are what it got, `pages` what it shows at an address, `port` where it listens."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Website)
    server.daemon_threads, server.heads, server.pages, server.headers = True, [], {}, headers or {}
    server.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def header(head, name):
    """The value of a header in a raw head; nothing if it is not there."""
    found = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    return found.get(name.encode(), b"").decode()


def answer(port, request, source="127.0.0.1", to="127.0.0.1"):
    """Send a raw request from an address and return all that comes back."""
    with socket.create_connection((to, port), timeout=PATIENCE, source_address=(source, 0)) as connection:
        connection.sendall(request)
        got = b""
        while piece := connection.recv(1 << 16):
            got += piece
    return got


def free_port(host="127.0.0.1"):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as taken:
        taken.bind((host, 0))
        return taken.getsockname()[1]


def until(happened, what):
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            pytest.fail(f"waited {PATIENCE:.0f} s in vain: {what}")
        time.sleep(0.02)


def listening(port, host="127.0.0.1"):
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True
