"""May this request go on? What nginx (`auth_request`) and Envoy (`ext_authz`, HTTP) ask before each, and how they want it answered.

Whoever asks says who the recipient is, in a header that only the proxy may set; the address says whose object is asked for. What is not
configured, not known or said twice is refused.
"""

from __future__ import annotations

import re
from hmac import compare_digest
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.decide.index import NO_REASON, Judged, Question, micros
from whosaw.edge.decide.meaning import unanswered
from whosaw.edge.decide.routes import Page, Routes
from whosaw.errors import ConfigError
from whosaw.judge.verdict import NO_RECIPIENT
from whosaw.model import RecipientKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whosaw.config import Config, Source
    from whosaw.edge.decide.answer import Decider

PREFIX = "/auth/"
NGINX, ENVOY = PREFIX + "nginx", PREFIX + "envoy"

ADDRESS, TOKEN = b"x-original-uri", b"x-decide-token"
"""Headers in which nginx sends the address, and in which a proxy shows that it may ask."""

NO_STORE = (b"cache-control", b"no-store")
"""An answer is about one recipient and one object at one moment: kept under any other key, the answer itself would be the mix-up."""

NOT_A_PAGE = "the address is no page that is configured"
NO_OBJECT = "the address does not say whose data the page shows"
NOT_ASKED = "no address was asked for, or several"
NO_TOKEN = "the proxy did not show the token"  # noqa: S105 - a sentence

Headers = list[tuple[bytes, bytes]]


class Reply(NamedTuple):
    """What a proxy is answered."""

    status: int
    headers: Headers
    body: bytes = b""


class Contracts:
    """Answers proxies that stand before a source."""

    def __init__(self, decider: Decider, source: Source, config: Config, token: bytes) -> None:
        """Answer for the routes of a source; whoever asks shows the token, if there is one."""
        self._decider, self._kind, self._token = decider, source.recipient_kind, token
        self._routes = Routes(source)
        self._identity = config.decide.header.lower().encode()

    def reply(self, path: str, address: str, method: str, headers: Iterable[tuple[bytes, bytes]]) -> Reply:
        """Return the answer to a proxy. `address` is what follows the path under which this service is asked, with its query."""
        whom, where, tokens = list[bytes](), list[bytes](), list[bytes]()
        for name, value in headers:
            if name == self._identity:
                whom.append(value)
            elif name == ADDRESS:
                where.append(value)
            elif name == TOKEN:
                tokens.append(value)
        if self._token and not (len(tokens) == 1 and compare_digest(tokens[0], self._token)):
            return _reply(403, unanswered(NO_TOKEN))
        if path == NGINX:
            address = _text(where[0]) if len(where) == 1 else ""
        elif not path.startswith(ENVOY):
            return Reply(404, [NO_STORE])
        return self._decided(address, method, whom, 204 if path == NGINX else 200)

    def _decided(self, address: str, method: str, whom: list[bytes], good: int) -> Reply:
        page = self._routes.page(address) if address else None
        if page is not None and page.public:
            return Reply(good, [NO_STORE, (b"x-decide-verdict", b"public")])
        if not whom or not whom[0]:
            return self._recorded(401, None, unanswered(NO_RECIPIENT), page, method)
        if page is None or len(whom) > 1:
            why = NO_RECIPIENT if len(whom) > 1 else NOT_A_PAGE if address else NOT_ASKED
            return self._recorded(403, None, unanswered(why), page, method)
        question = self._question(page, _text(whom[0]))
        if question.kind is RecipientKind.UNKNOWN or question.object is None:
            return self._recorded(403, question, unanswered(NO_RECIPIENT if page.object else NO_OBJECT), page, method)
        judged = self._decider.judge(question)
        return self._recorded(good if judged.verdict is Verdict.ENTITLED else 403, question, judged, page, method)

    def _question(self, page: Page, name: str) -> Question:
        meaning = self._decider.meaning
        question = meaning.asked_by(self._kind, name, micros(self._decider.now()), page.data)
        return question._replace(object=meaning.named(page.object_type, page.object).object) if page.object else question

    def _recorded(self, status: int, question: Question | None, judged: Judged, page: Page | None, method: str) -> Reply:
        route = page.template if page else ""
        self._decider.record(question, judged, route=route, method=method, status=status)
        return _reply(status, judged)


def source_of(config: Config) -> Source | None:
    """Return the source before which proxies stand: the one that is named, or the only one with routes. Raises `ConfigError`."""
    with_routes = [source for source in config.source if source.route]
    if config.decide.source:
        named = next((source for source in with_routes if source.name == config.decide.source), None)
        if named is None:
            raise ConfigError(
                f"`decide.source` is `{config.decide.source}`, which has no routes", hint="list its pages as [[source.route]]"
            )
        return named
    return with_routes[0] if len(with_routes) == 1 else None


_UNPRINTABLE = re.compile(r"[^ -~]")


def _reply(status: int, judged: Judged) -> Reply:
    first = judged.reasons[0] if judged.verdict is Verdict.ENTITLED else None
    why = f"{first.basis}, {first.grade}, {first.source}:{first.line}" if first else judged.why or NO_REASON
    headers = [
        NO_STORE,
        (b"x-decide-verdict", judged.verdict.value.encode()),
        (b"x-decide-reason", _UNPRINTABLE.sub("?", why).encode()),
    ]
    return Reply(status, headers)


def _text(value: bytes) -> str:
    """Return a header's value; one that is not UTF-8 names nobody and no page."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return ""
