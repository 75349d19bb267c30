"""How does the check page look? Pages without cookies, frames and foreign parts, whole without scripts."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from whosaw.edge.check_page.answer import Verdict
from whosaw.edge.check_page.reports import LONGEST
from whosaw.identifiers import HeaderClass
from whosaw.wire.http import Response

if TYPE_CHECKING:
    from jinja2 import Environment

    from whosaw.edge.check_page.answer import Answer
    from whosaw.identifiers import Addition

HEADLINES = {
    Verdict.IDENTIFIED: "The network tells web sites who you are",
    Verdict.PERHAPS: "The network adds something that may tell web sites who you are",
    Verdict.PLUMBING: "The network adds something, and it does not name you",
    Verdict.NOTHING: "The network added nothing to this request",
    Verdict.INCONCLUSIVE: "Inconclusive: this visit cannot show what the network does",
}
_CARRIES = {
    HeaderClass.MSISDN: "your phone number",
    HeaderClass.IMSI: "the number of your SIM card (IMSI)",
    HeaderClass.IMEI: "the number of your phone (IMEI)",
    HeaderClass.ICCID: "the number printed on your SIM card",
    HeaderClass.PSEUDONYM: "a lasting mark by which you can be recognised",
    HeaderClass.INTERNAL_IP: "your address within the network, or the name of a gateway",
    HeaderClass.LOCATION: "where you are",
    HeaderClass.NETWORK: "how the network is built, or your plan",
    HeaderClass.HANDSET: "the model of your phone",
    HeaderClass.PERSON: "your name or e-mail address",
}


def carries(one: Addition) -> str:
    """Return what an addition carries, in words for a customer."""
    if one.cls is not None:
        return _CARRIES[one.cls] + ("" if one.listed else ", by its name")
    return "unknown; it looks like a number or a mark" if one.weight else "unknown; it does not look like yours"


def compare(operator: str, secure: str, ping: str, result: str) -> Response:
    """Return the page of a visit that has come in clear, and goes on encrypted."""
    origin = ping.rpartition("/")[0]
    return _page(200, "compare.html.j2", origin, operator=operator, secure=secure, ping=ping, result=result)


def result(operator: str, answer: Answer, form: str, again: str) -> Response:
    """Return the page that says what a visit shows; `form` is where a report goes."""
    return _page(
        200,
        "result.html.j2",
        operator=operator,
        answer=answer,
        headline=HEADLINES[answer.verdict],
        carries=carries,
        form=form,
        again=again,
        longest=LONGEST,
    )


def said(status: int, operator: str, headline: str, text: str, again: str, link: str = "Start again") -> Response:
    """Return a page that says one thing."""
    return _page(status, "said.html.j2", operator=operator, headline=headline, text=text, again=again, link=link)


def redirect(target: str) -> Response:
    """Return an answer that leads on."""
    return Response(303, b"", (*_HEADERS, ("Location", target)))


def asset(name: str) -> Response:
    """Return the style sheet or the script."""
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    body = files("whosaw.edge.check_page").joinpath("templates", name).read_bytes()
    return Response(200, body, (*_HEADERS, ("Content-Type", f"{kind}; charset=utf-8")))


def reached() -> Response:
    """Return the answer by which the script learns that the encrypted page can be reached."""
    return Response(204, b"", (*_HEADERS, ("Cross-Origin-Resource-Policy", "cross-origin")))


_HEADERS = (
    ("Cache-Control", "no-store, no-transform"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Robots-Tag", "noindex"),
)


def _page(status: int, template: str, origin: str = "'none'", **values: object) -> Response:
    policy = (
        f"default-src 'none'; style-src 'self'; script-src 'self'; connect-src {origin}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    body = _environment().get_template(template).render(**values).encode("utf-8", "replace")
    return Response(status, body, (*_HEADERS, ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy)))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("whosaw.edge.check_page"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
