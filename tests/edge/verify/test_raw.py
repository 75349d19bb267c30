"""Bytes go out as they are, and every answer is cut where it ends."""

import socket
import threading

import pytest

from whosaw.edge.verify.raw import IN_VAIN, Heard, Piece, Said, talk


@pytest.fixture
def server():
    """A server that answers each connection with bytes given beforehand, and keeps what it received and from where."""
    listening = socket.create_server(("127.0.0.1", 0))
    seen = []

    def answering(*answers):
        def serve():
            connection, address = listening.accept()
            with connection:
                seen.append((address[0], b""))
                for answer in answers:
                    seen[-1] = (address[0], seen[-1][1] + connection.recv(65536))
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return listening.getsockname()

    yield answering, seen
    listening.close()


def test_bytes_are_sent_as_they_are_from_the_address_asked_for(server):
    answering, seen = server
    odd = b"GET / HTTP/1.1\r\nhOST : a\r\n\tfolded\r\nX\0Y: 1\n\r\n\r\n"
    heard = talk(answering(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"), "127.0.0.77", [Piece(odd)], patience=5)
    assert (heard, seen) == (Heard((400,)), [("127.0.0.77", odd)])


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n\r\n",
    ],
)
def test_the_next_answer_begins_where_the_one_before_ends(server, answer):
    answering, _ = server
    address = answering(answer + b"HTTP/1.1 201 Next\r\nContent-Length: 0\r\n\r\n")
    assert talk(address, "127.0.0.1", [Piece(b"x", 2)], patience=5).statuses[1:] == (201,)


def test_an_answer_without_length_ends_with_the_connection(server):
    answering, _ = server
    assert talk(answering(b"HTTP/1.0 200 OK\r\n\r\nas long as it is"), "127.0.0.1", [Piece(b"x")], patience=5) == Heard((200,))


def test_inside_a_tunnel_the_next_answer_comes_at_once(server):
    answering, _ = server
    address = answering(b"HTTP/1.1 200 Tunnel\r\n\r\n", b"HTTP/1.1 404 Inside\r\nContent-Length: 0\r\n\r\n")
    assert talk(address, "127.0.0.1", [Piece(b"CONNECT", tunnel=True), Piece(b"GET")], patience=5) == Heard((200, 404))


def test_nothing_is_sent_into_a_tunnel_that_was_refused(server):
    answering, seen = server
    address = answering(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
    heard = talk(address, "127.0.0.1", [Piece(b"CONNECT", tunnel=True), Piece(b"GET")], patience=5)
    assert heard.said(1) == Said(0, "the tunnel was refused")
    assert seen[0][1] == b"CONNECT"


def test_no_answer_a_closed_connection_and_no_server_are_told_apart(server):
    answering, _ = server
    waiting = socket.create_server(("127.0.0.1", 0))
    assert talk(waiting.getsockname(), "127.0.0.1", [Piece(b"x")], patience=0.1).said(0) == Said(0, IN_VAIN)
    address = waiting.getsockname()
    waiting.close()
    assert talk(address, "127.0.0.1", [Piece(b"x")], patience=5).trouble == "connection refused"
    assert talk(answering(b""), "127.0.0.1", [Piece(b"x")], patience=5).trouble == "the connection was closed without an answer"
    assert talk(answering(b"SSH-2.0\r\n\r\n"), "127.0.0.1", [Piece(b"x")], patience=5).trouble == "the answer is not HTTP"
