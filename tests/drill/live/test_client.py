import pytest

from whosaw.drill.live.client import Client
from whosaw.drill.live.web import Answer, Server, data


@pytest.fixture
def base():
    """A server that says what it was asked, sets a cookie at `/in` and takes it away at `/out`."""

    def respond(request):
        cookies = {"/in": "sid=1; Path=/", "/out": "sid=; Max-Age=0"}
        if request.path == "/api/token":
            return data({"access_token": "t1", "refresh_token": "r1"})
        if request.path == "/api/token/refresh":
            return data({"access_token": f"t2-{request.json()['refresh_token']}", "refresh_token": "r2"})
        told = {"method": request.method, "fields": request.fields(), **{k: v for k, v in request.headers.items() if k in NAMES}}
        return data(told).having(*(("Set-Cookie", cookies[request.path]),) if request.path in cookies else ())

    made = Server(respond, "127.0.0.1")
    yield f"http://127.0.0.1:{made.port}"
    made.close()


NAMES = {"Cookie", "Authorization", "User-Agent", "X-Key"}


def test_cookies_are_kept_sent_and_given_up(base):
    client = Client(base, source="127.0.3.9", agent="A")
    client.form("/in", a="1")
    assert client.get("/").json() == {"method": "GET", "fields": {}, "User-Agent": "A", "Cookie": "sid=1"}
    client.get("/out")
    assert "Cookie" not in client.get("/").json()
    client.close()


def test_a_token_goes_along_and_is_renewed(base):
    client = Client(base)
    client.log_in("/api/token", "ann", "x")
    assert client.get("/", X_Key="k").json()["Authorization"] == "Bearer t1"
    client.renew("/api/token/refresh")
    told = client.send("/", {"note": "n"}, method="PUT", X_Key="k").json()
    assert told == {"method": "PUT", "fields": {"note": "n"}, "User-Agent": "Mozilla/5.0", "Authorization": "Bearer t2-r1", "X-Key": "k"}
    client.close()


def test_a_server_that_is_gone_is_no_reason_to_stop():
    made = Server(lambda _: Answer(200, b"[1"), "127.0.0.1")
    client = Client(f"http://127.0.0.1:{made.port}")
    assert client.get("/").json() == {}
    client.close()
    made.close()
    assert client.get("/") == (0, b"")
