"""A Flask portal is watched with one call."""

import flask
import pytest

from whosaw.middleware import shown
from whosaw.middleware.flask import RECIPIENT, watch
from whosaw.middleware.portal import REFUSED

ACCOUNTS = {"anna": "A1", "bert": "A2"}


def own(environ):
    return {ACCOUNTS.get(environ[RECIPIENT])}


def site():
    app = flask.Flask("portal")
    app.config.update(SECRET_KEY="k")

    @app.get("/login/<name>")
    def login(name):
        flask.session["_user_id"], flask.session["_id"] = name, f"session of {name}"
        return "welcome"

    @app.get("/account/<int:number>")
    def account(number):
        shown(f"A{number}", data="account")
        return f"account A{number}"

    @app.get("/streamed")
    def streamed():
        @flask.stream_with_context
        def chunks():
            shown(ACCOUNTS[flask.session["_user_id"]])
            yield "a"

        return flask.Response(chunks())

    return app


@pytest.fixture
def visited(watched):
    def make(**settings):
        portal, lines = watched(**settings)
        app = site()
        watch(app, portal)
        return app.test_client(), lines

    return make


def test_login_session_and_route_are_flasks(visited, key):
    client, lines = visited()
    client.get("/login/anna")
    assert client.get("/account/1").text == "account A1"
    (line,) = lines()
    assert (line["recipient"], line["session"]) == (key("recipient", "anna"), key("session", "session of anna"))
    assert (line["route"], line["status"], line["customer"]) == ("/account/{number}", 200, key("customer", "A1"))


def test_a_page_of_somebody_else_is_refused(visited):
    client, lines = visited(own=own, grade="block")
    client.get("/login/anna")
    refused = client.get("/account/2")
    assert (refused.status_code, refused.data) == (403, REFUSED)
    assert client.get("/account/1").status_code == 200
    assert [line["outcome"] for line in lines()] == ["stopped", "shown"]


def test_a_stream_is_noted(visited, key):
    client, lines = visited()
    client.get("/login/bert")
    assert client.get("/streamed").text == "a"
    assert [line["customer"] for line in lines()] == [key("customer", "A2")]
