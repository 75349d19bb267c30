"""Which faults of an nginx configuration show a customer's identity to a stranger, or let one claim it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.lint import hosts
from whosaw.edge.lint.finding import Level, Lint, Spot, Target
from whosaw.edge.lint.names import identity, left_over, several

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from whosaw.edge.lint.nginx import Nginx, Node

_HOST = frozenset({"$host", "$http_host", "$server_name", "$ssl_server_name"})
_ADDRESS = frozenset({"$request_uri", "$uri", "$scheme://$host$request_uri", "$host$request_uri", "$host$uri"})
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_PASSES = frozenset({"proxy_pass", "grpc_pass"})
_SETS = ("proxy_set_header", "grpc_set_header")


def _own(block: Node) -> dict[str, Node]:
    """Return the headers that a block sets itself, by their names in lower case."""
    return {node.words[1].lower(): node for name in _SETS for node in block.own(name, 3)}


def _inherited(block: Node) -> dict[str, Node]:
    """Return the headers that hold in a block without any of its own."""
    return next((own for outer in block.above() if (own := _own(outer))), {})


def _blocks(nginx: Nginx) -> Iterator[Node]:
    yield from dict.fromkeys(node.parent for node in nginx.nodes if node.parent is not None)


def _told(nginx: Nginx) -> bool:
    """Whether anything here tells or takes out who the customer is."""
    return any(identity(name) for block in _blocks(nginx) for name in _own(block))


class _Compared(NamedTuple):
    """What a host or an address is compared with, and the directive that does so."""

    text: str
    source: str
    at: Node


def _compared(nginx: Nginx) -> Iterator[_Compared]:
    """Yield the comparisons that decide who is told something; of a part that tells nobody anything, all."""
    deciding = _reaching(nginx, compared=True)
    every = not _told(nginx) and not any(node.name in {"http", "server", "location"} for node in nginx.nodes)
    for node in nginx.named("map", 3):
        if node.words[1] in _HOST | _ADDRESS and (every or _variable(node.words[2]) in deciding):
            rows = (row for row in node.children if row.name != "default" and row.words[1:2] not in {(), ("",), ("0",)})
            yield from (_Compared(row.words[0], node.words[1], row) for row in rows)
    for node in nginx.named("if", 4):
        source, how, text = node.words[1].lstrip("("), node.words[2], node.words[3].removesuffix(")")
        if source in _HOST | _ADDRESS and how in {"~", "~*"} and (every or _decides(node, deciding)):
            yield _Compared(how + text, source, node)


def _decides(block: Node, deciding: set[str]) -> bool:
    """Whether a block sets what is told, or a variable that it depends on."""
    return any(_variable(node.words[1]) in deciding for node in block.own("set", 3)) or any(identity(name) for name in _own(block))


def _regexes(nginx: Nginx) -> Iterator[tuple[str, bool, Node]]:
    """Yield the regular expressions, whether they are held against a whole address, and where; one of a port alone names no host."""
    for text, source, at in _compared(nginx):
        pattern = text.lstrip("~*")
        if text.startswith("~") and not pattern.startswith(":"):
            yield pattern, source in _ADDRESS, at


def _unanchored(nginx: Nginx) -> Iterator[Spot]:
    for pattern, whole, node in _regexes(nginx):
        if (hosts.loose_address if whole else hosts.loose_regex)(pattern):
            yield node.spot()


def _bare_dots(nginx: Nginx) -> Iterator[Spot]:
    yield from (node.spot() for pattern, _, node in _regexes(nginx) if hosts.bare_dots(pattern))


def _shared(nginx: Nginx) -> Iterator[Spot]:
    yield from (one.at.spot() for one in _compared(nginx) if hosts.shared(one.text))


def _lost(nginx: Nginx) -> Iterator[Spot]:
    for block in _blocks(nginx):
        own = _own(block)
        lost = [node.words[1] for name, node in _inherited(block).items() if identity(name) and name not in own] if own else []
        if lost:
            yield block.spot(f"{' '.join(block.words)}: {several(lost)}")


def _unguarded(nginx: Nginx) -> Iterator[Spot]:
    """Yield what is passed on without any header set or taken out, where other places of the configuration do so."""
    if not _told(nginx):
        return
    for node in nginx.nodes:
        if node.name in _PASSES and node.parent is not None:
            holding = _own(node.parent) or _inherited(node.parent)
            lost = any(identity(name) for outer in node.parent.above() for name in _own(outer))
            if not lost and not any(identity(name) for name in holding):
                yield node.spot()


def _passed_on(nginx: Nginx) -> Iterator[Spot]:
    for node in _settings(nginx):
        if identity(node.words[1]) and any(
            identity(name.removeprefix("http_")) for name in _read(node.words[2]) if name.startswith("http_")
        ):
            yield node.spot()


def _settings(nginx: Nginx) -> Iterator[Node]:
    return (node for name in _SETS for node in nginx.named(name, 3))


def _read(text: str) -> list[str]:
    return [name.lower() for name in _VARIABLE.findall(text)]


def _underscores(nginx: Nginx) -> Iterator[Spot]:
    names = [node.words[1] for node in _settings(nginx)]
    gone = {name.lower() for name in names}
    if left := left_over(names, lambda way: way.lower() in gone):
        yield from (node.spot(several(left)) for node in nginx.named("underscores_in_headers") if node.words[1] == "on")


def _variable(word: str) -> str:
    return word.strip("${}").lower()


def _reaching(nginx: Nginx, *, compared: bool) -> set[str]:
    """Return the variables that what is told is made of by `map` and `set`, with those that are compared on the way or without."""
    made: dict[str, set[str]] = {}
    for node in nginx.named("map", 3):
        words = [word for row in node.children for word in row.words[1:2]] + ([node.words[1]] if compared else [])
        made.setdefault(_variable(node.words[2]), set()).update(name for word in words for name in _read(word))
    for node in nginx.named("set", 3):
        made.setdefault(_variable(node.words[1]), set()).update(_read(node.words[2]))
    names = {name for node in _settings(nginx) if identity(node.words[1]) for name in _read(node.words[2])}
    while more := {part for name in names for part in made.get(name, ())} - names:
        names |= more
    return names


def _clear_log(nginx: Nginx) -> Iterator[Spot]:
    clear = _reaching(nginx, compared=False)
    for node in nginx.named("log_format", 3):
        read = _read(" ".join(node.words[2:]))
        if clear.intersection(read) or any(name.startswith("http_") and identity(name.removeprefix("http_")) for name in read):
            yield node.spot(f"log_format {node.words[1]}")


def _forwarded(nginx: Nginx) -> Iterator[Spot]:
    if _told(nginx):
        for node in _settings(nginx):
            if {"remote_addr", "proxy_add_x_forwarded_for", "realip_remote_addr"}.intersection(_read(node.words[2])):
                yield node.spot()


def _unread(nginx: Nginx) -> Iterable[Spot]:
    return nginx.unread


_DOCS = "https://nginx.org/en/docs/http"
_N = Target.NGINX
LINTS = (
    Lint(
        id="nginx-unanchored-regex",
        target=_N,
        claim="a regular expression without ^ and $ makes partners of all hosts that contain it",
        source=f"{_DOCS}/ngx_http_map_module.html",
        hint="write `.music.example 1;` in a map with `hostnames`, or ^ and $ around the whole host",
        look=_unanchored,
    ),
    Lint(
        id="nginx-bare-dot",
        target=_N,
        level=Level.WARNING,
        claim="a dot of a regular expression stands for any sign, so another host matches too",
        source=f"{_DOCS}/ngx_http_map_module.html",
        hint=r"write \. for the dots of a host, or use a map with `hostnames`",
        look=_bare_dots,
    ),
    Lint(
        id="nginx-shared-suffix",
        target=_N,
        claim="a partner is a domain below which everybody can have a host",
        source="https://publicsuffix.org/list/",
        hint="name the partner's own domain",
        look=_shared,
    ),
    Lint(
        id="nginx-inherited-lost",
        target=_N,
        claim="a block sets headers of its own and so loses all that are taken out around it",
        source=f"{_DOCS}/ngx_http_proxy_module.html#proxy_set_header",
        hint="include the whole list of proxy_set_header in this block too",
        look=_lost,
    ),
    Lint(
        id="nginx-unguarded-pass",
        target=_N,
        claim="requests are passed on from here without the headers being set or taken out as elsewhere",
        source=f"{_DOCS}/ngx_http_proxy_module.html#proxy_set_header",
        hint="put the list of proxy_set_header at the level of http or server, or include it here",
        look=_unguarded,
    ),
    Lint(
        id="nginx-passed-on",
        target=_N,
        claim="a header is made of what the customer sent under that name, so a partner is told what anybody claims",
        source=f"{_DOCS}/ngx_http_proxy_module.html#proxy_set_header",
        hint="set it from a map of your own addresses only",
        look=_passed_on,
    ),
    Lint(
        id="nginx-underscores",
        target=_N,
        claim="headers with _ are let in, and only the spelling with - is taken out",
        source=f"{_DOCS}/ngx_http_core_module.html#underscores_in_headers",
        hint="leave underscores_in_headers off, or take out X_MSISDN beside X-MSISDN",
        look=_underscores,
    ),
    Lint(
        id="nginx-clear-log",
        target=_N,
        level=Level.WARNING,
        claim="a log holds customers' numbers in clear",
        source=f"{_DOCS}/ngx_http_log_module.html#log_format",
        hint="log a keyed token from a map of its own, as `whosaw edge compile` does",
        look=_clear_log,
    ),
    Lint(
        id="nginx-forwarded-for",
        target=_N,
        level=Level.WARNING,
        claim="every site is told the customer's internal address, which charging records join to a number",
        source=f"{_DOCS}/ngx_http_proxy_module.html#proxy_set_header",
        hint='write `proxy_set_header X-Forwarded-For "";`',
        look=_forwarded,
    ),
    Lint(
        id="nginx-unread",
        target=_N,
        level=Level.WARNING,
        claim="a file that is named here could not be read, and nothing is known of what it says",
        source="https://nginx.org/en/docs/ngx_core_module.html#include",
        hint="run the lint where the file lies, as somebody who may read it",
        look=_unread,
    ),
)
