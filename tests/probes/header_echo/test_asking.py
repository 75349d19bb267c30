"""Is it known to the letter what was added to a request, and said when nobody can know?"""

import socket
from datetime import UTC, datetime

import pytest

from whosaw.config.echoing import EchoTarget
from whosaw.probes.header_echo.asking import ask
from whosaw.probes.header_echo.origin import Origin
from whosaw.probes.header_echo.ticket import Gate
from whosaw.wire.http import Listener, Response
from wire.serving import serving

KEY = b"k" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)
HERE = Listener(host="127.0.0.1", port=0)
NUMBER = "447700900123"


def target(port, **more):
    return EchoTarget(key_file="k", domains=("echo.example",), timeout="5s", **{"address": f"127.0.0.1:{port}", **more})


def through(*added, query="", drop=()):
    """Return an origin before which somebody adds and drops headers."""
    origin = Origin(Gate(KEY), lambda: NOW)

    def answer(request):
        kept = tuple(header for header in request.headers if header[0] not in drop)
        return origin(type(request)(request.method, request.target + query, (*kept, *added), request.address, secure=False))

    return answer


@pytest.mark.parametrize(
    ("added", "query", "names"),
    [
        ((), "", []),
        ((("X-MSISDN", NUMBER),), "", [("header", "X-MSISDN")]),
        ((("Cookie", f"imsi={NUMBER}"),), "", [("cookie", "imsi")]),
        ((), f"?msisdn={NUMBER}", [("url", "msisdn")]),
        ((("Accept", "*/*"),), "", [("header", "Accept")]),
    ],
)
def test_what_arrived_and_was_not_sent_was_added(added, query, names):
    with serving(through(*added, query=query), HERE) as (port,):
        asked = ask(target(port), KEY, "a.echo.example", NOW)
    assert [(one.place, one.name) for one in asked.additions] == names
    assert asked.unreached == ""


def test_through_a_proxy_the_whole_address_is_asked_for():
    with serving(through(), HERE) as (port,):
        asked = ask(target(9, proxy=f"127.0.0.1:{port}"), KEY, "a.echo.example", NOW)
    assert asked == ("a.echo.example", (), "")


@pytest.mark.parametrize(
    "response", [Response(200, b"<html>log in to the wifi</html>"), Response(403), Response(302, b"", (("Location", "/"),))]
)
def test_an_answer_that_is_no_echo_says_nothing(response):
    with serving(lambda _: response, HERE) as (port,):
        asked = ask(target(port), KEY, "a.echo.example", NOW)
    assert asked.unreached == f"status {response.status}, and no echo of our origin"


def test_no_answer_says_nothing():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        asked = ask(target(taken.getsockname()[1]), KEY, "a.echo.example", NOW)
    assert asked.unreached == "no answer: ConnectionRefusedError"
