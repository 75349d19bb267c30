"""What arrives is kept byte by byte, and found again by its mark."""

import pytest

from whosaw.edge.verify.origins import Arrived, Origins
from whosaw.edge.verify.raw import Piece, talk
from whosaw.errors import ConfigError


def ask(origins, name, *pieces):
    return talk(origins.addresses[name], "127.0.0.1", [Piece(*piece) for piece in pieces], patience=5)


def test_a_request_is_kept_as_it_came_and_found_by_its_mark(origins):
    head = b"GET /whosaw-probe-abc HTTP/1.1\r\nhOst: a\r\nX-Odd : 1\r\n\tand more"
    assert ask(origins, "partner", (head + b"\r\n\r\n",)).statuses == (200,)
    assert origins.arrived("abc") == (Arrived("partner", head),)
    assert origins.arrived("abc")[0].headers == (("hOst", "a"), ("X-Odd", "1\tand more"))
    assert origins.arrived("abc")[0].line == b"GET /whosaw-probe-abc HTTP/1.1"
    assert origins.arrived("ab") == ()


def test_each_origin_knows_its_own(origins):
    for name in ("partner", "stranger"):
        ask(origins, name, (b"GET /whosaw-probe-x HTTP/1.1\r\n\r\n",))
    assert [each.origin for each in origins.arrived("x")] == ["partner", "stranger"]
    assert origins.everything() == origins.arrived("x")


def test_requests_of_one_connection_are_cut_behind_their_bodies(origins):
    first = b"POST /whosaw-probe-a HTTP/1.1\r\nContent-Length: 24\r\n\r\nGET /whosaw-probe-not\r\n\r\n"
    second = b"POST /whosaw-probe-b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Last: 7\r\n\r\n"
    third = b"GET /whosaw-probe-c HTTP/1.1\r\n\r\n"
    assert ask(origins, "partner", (first + second + third, 3)).statuses == (200, 200, 200)
    assert [each.mark for each in origins.everything()] == ["a", "b", "c"]
    assert origins.arrived("b")[0].headers[-1] == ("X-Last", "7")


def test_a_tunnel_that_is_asked_for_is_opened_and_what_comes_through_is_kept(origins):
    connect = b"CONNECT a:443 HTTP/1.1\r\nX-Probe: whosaw-probe-t\r\n\r\n"
    assert ask(origins, "stranger", (connect, 1, True), (b"GET /whosaw-probe-u HTTP/1.1\r\n\r\n",)).statuses == (200, 200)
    assert origins.arrived("t")
    assert origins.arrived("u")


def test_an_address_that_is_taken_is_said(origins):
    with pytest.raises(ConfigError, match=r"cannot listen at 127\.0\.0\.1:") as raised, Origins({"partner": origins.addresses["partner"]}):
        pass
    assert "another" in raised.value.hint
