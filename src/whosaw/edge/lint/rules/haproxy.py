"""Which faults of an HAProxy configuration show a customer's identity to a stranger, or let one claim it?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from whosaw.edge.lint import hosts
from whosaw.edge.lint.finding import Level, Lint, Spot, Target
from whosaw.edge.lint.names import identity, left_over, several

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whosaw.edge.lint.files import Entry
    from whosaw.edge.lint.haproxy import Haproxy, Line, Match

_HOST = re.compile(r"(?:^|[(,_.])(?:hdr\w*\(host|base|url)|host_only|ssl_fc_sni", re.IGNORECASE)
_LOOKED_UP = re.compile(r"\bmap(?:_\w+)?\(")
_READ = re.compile(r"f?hdr(?:_\w+)?\(([^),]+)")
_KEYED = re.compile(r",hmac\(")
_PINNED = re.compile(r"(?:^|[|,(.])(?:fc_)?dst\b")


def _handed(haproxy: Haproxy) -> list[Line]:
    """Return the lines that tell who the customer is."""
    lines = haproxy.requests("add-header", "set-header")
    return [ln for ln in lines if identity(ln.rule[2]) or any(_LOOKED_UP.search(word) for word in ln.rule[3:])]


def deciding(haproxy: Haproxy) -> list[Match]:
    """Return the comparisons of hosts that decide who is told something; of a part without a section, all."""
    lines = _handed(haproxy)
    part = not lines and not any(ln.section for ln in haproxy.lines)
    found = haproxy.matches if part else _used(haproxy, lines)
    return [match for match in found if _HOST.search(match.sample)]


def _used(haproxy: Haproxy, lines: list[Line]) -> list[Match]:
    """Return the comparisons in the conditions of some lines, and in those of the lines that set the variables in them."""
    while True:
        named = {word.lstrip("!") for ln in lines for word in ln.condition}
        found = [match for match in haproxy.matches if (match.name in named if match.name else match.at in lines)]
        read = {name for match in found for name in match.reads}
        more = [ln for ln in haproxy.lines if ln.sets in read and ln not in lines]
        if not more:
            return found
        lines = lines + more


def _loose(match: Match) -> Callable[[Entry], bool]:
    whole = "url" in match.sample or "base" in match.sample
    if match.method == "reg":
        return lambda entry: (hosts.loose_address if whole else hosts.loose_regex)(entry.text)
    if match.method == "beg" and whole:
        return lambda entry: "/" not in entry.text.partition("://")[2] and not entry.text.endswith("/")
    return lambda _: match.method in {"sub", "beg", "dom", "dir"}


def _unanchored(haproxy: Haproxy) -> Iterator[Spot]:
    for match in deciding(haproxy):
        yield from (entry.spot(f"{match.sample} -m {match.method} {entry.text}") for entry in match.values if _loose(match)(entry))


def _bare_suffix(haproxy: Haproxy) -> Iterator[Spot]:
    for match in deciding(haproxy):
        if match.method == "end":
            yield from (entry.spot() for entry in match.values if not entry.text.startswith((".", "/")))


def _shared(haproxy: Haproxy) -> Iterator[Spot]:
    for match in deciding(haproxy):
        if match.method in {"end", "dom"}:
            yield from (entry.spot() for entry in match.values if hosts.shared("." + entry.text.lstrip(".")))


def _bare_dots(haproxy: Haproxy) -> Iterator[Spot]:
    for match in deciding(haproxy):
        if match.method == "reg":
            yield from (entry.spot() for entry in match.values if hosts.bare_dots(entry.text))


def _last_dot(haproxy: Haproxy) -> Iterator[Spot]:
    for match in deciding(haproxy):
        if "rtrim(.)" not in match.sample and "regsub" not in match.sample and match.method != "reg":
            yield match.at.spot(match.sample)


def _deletes(line: Line) -> Callable[[str], bool]:
    """Return whether a name is taken out by a `del-header` line."""
    pattern, method = line.rule[2], line.rule[4] if line.rule[3:4] == ("-m",) and len(line.rule) > 4 else "str"
    if method == "reg":
        try:
            return re.compile(pattern.removeprefix("(?i)"), re.IGNORECASE).search  # type: ignore[return-value]
        except (re.error, OverflowError, RecursionError):
            return lambda _: False
    text = pattern.lower()
    ways: dict[str, Callable[[str], bool]] = {
        "beg": lambda name: name.lower().startswith(text),
        "end": lambda name: name.lower().endswith(text),
        "sub": lambda name: text in name.lower(),
    }
    return ways.get(method, lambda name: name.lower() == text)


def _deleted(haproxy: Haproxy, name: str) -> list[Line]:
    return [ln for ln in haproxy.requests("del-header") if _deletes(ln)(name)]


def _not_deleted(haproxy: Haproxy) -> Iterator[Spot]:
    for ln in _handed(haproxy):
        before = [d for d in _deleted(haproxy, ln.rule[2]) if not d.condition]
        certain = ln.words[1] == "set-header" and not ln.condition
        if not certain and not any(d.section != ln.section or d.line < ln.line for d in before):
            yield ln.spot()


def _deleted_again(haproxy: Haproxy) -> Iterator[Spot]:
    for ln in _handed(haproxy):
        yield from (d.spot() for d in _deleted(haproxy, ln.rule[2]) if d.section == ln.section and d.line > ln.line)


def _one_spelling(haproxy: Haproxy) -> Iterator[Spot]:
    lines = [ln for ln in haproxy.requests("del-header") if "-m" not in ln.rule and identity(ln.rule[2])]
    names = left_over([ln.rule[2] for ln in lines], lambda way: bool(_deleted(haproxy, way)))
    if names:
        yield lines[0].spot(several(names))


def _clear_log(haproxy: Haproxy) -> Iterator[Spot]:
    yield from (ln.spot() for ln in haproxy.lines if any(map(_is_clear, _logged(ln.words))))


def _logged(words: tuple[str, ...]) -> list[str]:
    """Return what a line keeps for the log."""
    if words[:3] == ("capture", "request", "header"):
        return [f"hdr({name})" for name in words[3:4]]
    if words[:2] == ("http-request", "capture"):
        return list(words[2:3])
    return re.findall(r"%\[[^]]*\]", " ".join(words[1:])) if words[0].startswith("log-format") else []


def _is_clear(sample: str) -> bool:
    told = any(identity(name) for name in _READ.findall(sample)) or _LOOKED_UP.search(sample) is not None
    return told and _KEYED.search(sample) is None


def _forwarded(haproxy: Haproxy) -> Iterator[Spot]:
    if _handed(haproxy):
        yield from (ln.spot() for ln in haproxy.lines if ln.words[:2] == ("option", "forwardfor"))


def _unpinned(haproxy: Haproxy) -> Iterable[Spot]:
    decide = deciding(haproxy)
    if not decide or any(_PINNED.search(match.sample) for match in haproxy.matches):
        return []
    return [ln.spot() for ln in haproxy.lines if ln.words[0] == "bind" and "transparent" in ln.words]


def _unread(haproxy: Haproxy) -> Iterable[Spot]:
    return haproxy.unread


_DOCS = "https://docs.haproxy.org/2.6/configuration.html"
_H = Target.HAPROXY
LINTS = (
    Lint(
        id="haproxy-unanchored-match",
        target=_H,
        claim="a comparison that is open at one end makes partners of all hosts that contain it",
        source=f"{_DOCS}#7.1.3",
        hint="compare whole hosts (`-m str -f list`), and domains by their parents, as `whosaw edge compile` does",
        look=_unanchored,
    ),
    Lint(
        id="haproxy-bare-suffix",
        target=_H,
        claim="an ending without a dot before it makes a partner of every host that ends so, `evilmusic.example` too",
        source=f"{_DOCS}#7.1.3",
        hint="write the dot: `-m end .music.example`",
        look=_bare_suffix,
    ),
    Lint(
        id="haproxy-shared-suffix",
        target=_H,
        claim="a partner is a domain below which everybody can have a host",
        source="https://publicsuffix.org/list/",
        hint="name the partner's own domain",
        look=_shared,
    ),
    Lint(
        id="haproxy-bare-dot",
        target=_H,
        level=Level.WARNING,
        claim="a dot of a regular expression stands for any sign, so another host matches too",
        source=f"{_DOCS}#7.1.3",
        hint=r"write \. for the dots of a host, or compare whole hosts",
        look=_bare_dots,
    ),
    Lint(
        id="haproxy-last-dot",
        target=_H,
        level=Level.WARNING,
        claim="a host with a dot at its end (`music.example.`) is the same host and escapes the rule",
        source=f"{_DOCS}#7.3.1-rtrim",
        hint="compare `req.hdr(host),lower,field(1,:),rtrim(.)`",
        look=_last_dot,
    ),
    Lint(
        id="haproxy-add-without-delete",
        target=_H,
        claim="a header is added or set under a condition, and not taken out before: else the customer's own of that name stays",
        source=f"{_DOCS}#http-request%20del-header",
        hint="write `http-request del-header NAME` without condition before it, and set-header instead of add-header",
        look=_not_deleted,
    ),
    Lint(
        id="haproxy-delete-after-set",
        target=_H,
        level=Level.WARNING,
        claim="a header is taken out again after it was set, so no partner is told anything",
        source=f"{_DOCS}#http-request%20del-header",
        hint="put del-header before set-header",
        look=_deleted_again,
    ),
    Lint(
        id="haproxy-one-spelling",
        target=_H,
        level=Level.WARNING,
        claim="only one spelling of a name is taken out, and applications read X_MSISDN as X-MSISDN",
        source="https://www.rfc-editor.org/rfc/rfc3875#section-4.1.18",
        hint="write `http-request del-header '^x[-_]msisdn$' -m reg`; `whosaw edge compile` writes all names so",
        look=_one_spelling,
    ),
    Lint(
        id="haproxy-clear-log",
        target=_H,
        level=Level.WARNING,
        claim="a log holds customers' numbers, in clear or under a hash without a key, which is undone in half an hour",
        source=f"{_DOCS}#8.8",
        hint="log a keyed token instead (`hmac(sha256,txn.key)`), as `whosaw edge compile` does",
        look=_clear_log,
    ),
    Lint(
        id="haproxy-forwarded-for",
        target=_H,
        level=Level.WARNING,
        claim="every site is told the customer's internal address, which charging records join to a number",
        source=f"{_DOCS}#option%20forwardfor",
        hint="take `option forwardfor` out",
        look=_forwarded,
    ),
    Lint(
        id="haproxy-intercept-unpinned",
        target=_H,
        claim="traffic is intercepted and partners are known by name only, so any server can be asked under a partner's name",
        source=f"{_DOCS}#5.1-transparent",
        hint="compare `var(txn.h),concat(|,txn.d)` with a list of `host|address`, txn.d being `dst`",
        look=_unpinned,
    ),
    Lint(
        id="haproxy-unread",
        target=_H,
        level=Level.WARNING,
        claim="a file that is named here could not be read, and nothing is known of what it says",
        source=f"{_DOCS}#7.1",
        hint="run the lint where the file lies, as somebody who may read it",
        look=_unread,
    ),
)
