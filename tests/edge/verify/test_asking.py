"""A request is written byte by byte, as a client writes it to this kind of proxy."""

import pytest

from whosaw.edge.verify.asking import STRANGER, Request, at, both, main, with_port


@pytest.mark.parametrize(
    ("request_", "natural", "expected"),
    [
        (Request("a.example"), "origin", b"GET /whosaw-probe-x HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        (Request("a.example"), "absolute", b"GET http://a.example/whosaw-probe-x HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        (Request("a.example", form="origin"), "absolute", b"GET /whosaw-probe-x HTTP/1.1\r\nHost: a.example\r\n\r\n"),
        (Request("a.example", 8080), "origin", b"GET /whosaw-probe-x HTTP/1.1\r\nHost: a.example:8080\r\n\r\n"),
        (Request("a.example", authority="A.EXAMPLE."), "origin", b"GET /whosaw-probe-x HTTP/1.1\r\nHost: A.EXAMPLE.\r\n\r\n"),
        (Request("a.example", hosts=()), "origin", b"GET /whosaw-probe-x HTTP/1.1\r\n\r\n"),
        (
            Request("a.example", lines=("X : 1", " 2"), body=b"\0"),
            "origin",
            b"GET /whosaw-probe-x HTTP/1.1\r\nHost: a.example\r\nX : 1\r\n 2\r\n\r\n\0",
        ),
        (
            Request("a.example", 443, method="CONNECT"),
            "absolute",
            b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nX-Probe: whosaw-probe-x\r\n\r\n",
        ),
    ],
)
def test_a_request_is_written_as_it_was_asked_for(request_, natural, expected):
    assert request_.written(natural, "x") == expected


def test_special_requests_are_tried_at_a_stranger_and_at_the_least_limited_partner(scene):
    assert [request.host for request in both(scene)] == [STRANGER, "music.example"]
    assert main(scene) == at(scene.spot("exact"))
    assert [request.host for request in both(scene._replace(spots=()))] == [STRANGER]


def test_the_usual_port_is_not_written():
    assert (with_port("a.example", 80), with_port("a.example", 81)) == ("a.example", "a.example:81")
