"""Which page of a source is this address, and whose object does it select? As the judge reads it from the log of the same server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from whosaw.judge.mapping import pattern
from whosaw.model import data_mask

if TYPE_CHECKING:
    from whosaw.config import Route, Source


class Page(NamedTuple):
    """A page of a source: its template, whether it shows nobody's data, the data classes it shows, and what it is about."""

    template: str
    public: bool
    data: int
    object_type: str
    object: str


class _Known(NamedTuple):
    literal: str
    pattern: re.Pattern[str]
    page: Page


_ABSOLUTE = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")
_END_OF_PATH = re.compile(r"[?#]")
_KEPT = re.compile(r"%(2[fF]|3[fF]|23|25)")
"""Percent signs that stay until the object is cut out of the path: a slash within it is no separator."""


class Routes:
    """The routes of a source."""

    def __init__(self, source: Source) -> None:
        """Compile them, in their order: the first that fits counts."""
        self._known = [_known(route, source) for route in source.route]

    def page(self, address: str) -> Page | None:
        """Return the page of an address; nothing if it is none of the configured."""
        path = _path(address)
        for literal, fits, page in self._known:
            if path.startswith(literal) and (found := fits.fullmatch(path)) is not None:
                return page._replace(object=decoded(found[1])) if page.object_type else page
        return None


def _known(route: Route, source: Source) -> _Known:
    page = Page(route.template, route.public, data_mask(route.data or source.data), route.object, "")
    return _Known(re.split(r"[{*]", route.template)[0], re.compile(pattern(route)), page)


def _path(address: str) -> str:
    """Return the path of an address as the server reads it, its percent signs undone but for those that keep a separator."""
    if not address.startswith("/") and (scheme := _ABSOLUTE.match(address)) is not None:
        address = address[scheme.end() :]
    path = _END_OF_PATH.split(address, maxsplit=1)[0]
    return decoded(_KEPT.sub(r"%25\1", path)) if "%" in path else path


def decoded(text: str) -> str:
    """Return a text with its percent signs undone; one that would not be UTF-8 afterwards is left as it is."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        return text
