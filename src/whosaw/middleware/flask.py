"""How is a Flask portal watched? As any WSGI portal, with the route and the login taken from where Flask keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from whosaw.middleware.lines import route_of
from whosaw.middleware.note import asked_by
from whosaw.middleware.wsgi import WsgiMiddleware

if TYPE_CHECKING:
    from whosaw.middleware.portal import Portal

_ROUTE = "whosaw.route"
RECIPIENT = "whosaw.recipient"
"""Where `own` finds the login: Flask's session is not there any more when a page is about to go out."""


def watch(app: Any, portal: Portal, *, recipient: str = "_user_id", session: str = "_id", session_cookie: str = "") -> None:  # noqa: ANN401
    """Watch a Flask application. `recipient` and `session` are keys of Flask's session; their defaults are those of Flask-Login.

    Flask's own session cookie changes with all that is kept in it, and names no session; `session_cookie` is for a store on the server.
    """
    if portal.route is None:
        portal.route = _route

    def note(response: Any) -> Any:  # noqa: ANN401 - Flask's response
        import flask

        if flask.request.url_rule is not None:
            flask.request.environ[_ROUTE] = route_of(flask.request.url_rule.rule)
        flask.request.environ[RECIPIENT] = flask.session.get(recipient, "")
        asked_by(flask.request.environ[RECIPIENT], session=flask.session.get(session, ""))
        return response

    app.after_request(note)
    app.wsgi_app = WsgiMiddleware(app.wsgi_app, portal, session_cookie=session_cookie)


def _route(environ: dict[str, Any]) -> object:
    return environ.get(_ROUTE)
