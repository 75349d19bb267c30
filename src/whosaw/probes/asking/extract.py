"""What does an answer say at a place, and what does a text become with values put in?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from whosaw.layout.tree import parse_row, value_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from whosaw.probes.asking.wire import Answer

_HOLE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_.-]*)\}")


def taken(answer: Answer, how: str) -> str:
    """Return what stands at `json:$.a.b`, `regex:...(...)`, `header:NAME` or `cookie:NAME` of an answer; nothing where nothing does."""
    kind, _, where = how.partition(":")
    if kind == "header":
        return answer.header(where)
    if kind == "cookie":
        return dict(cookies(answer)).get(where, "")
    if kind == "regex":
        found = re.search(where, answer.text)
        return (found[1] or "") if found else ""
    return value_at(parse_row('{"a":' + answer.text + "}"), "$.a" + where.removeprefix("$"))


def cookies(answer: Answer) -> list[tuple[str, str]]:
    """Return the names and values of the cookies that an answer sets; a value that is taken away is empty."""
    found = []
    for line in answer.all("set-cookie"):
        pair, _, rest = line.partition(";")
        name, equals, value = pair.strip().partition("=")
        gone = re.search(r"max-age\s*=\s*(?:0|-\d+)\s*(?:;|$)|expires\s*=[^;]*(?:1970|1969)", rest, re.IGNORECASE)
        if equals and name:
            found.append((name, "" if gone else value))
    return found


def holes(text: str) -> list[str]:
    """Return the names of a text's placeholders, each once."""
    return list(dict.fromkeys(_HOLE.findall(text)))


def filled(text: str, values: Mapping[str, str], *, quote: Callable[[str], str] = str) -> str:
    """Return a text with `{name}` replaced by its value; what has no value stays as it is."""
    return _HOLE.sub(lambda hole: quote(values[hole[1]]) if hole[1] in values else hole[0], text)


def filled_tree(tree: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - whatever JSON holds
    """Return a tree of JSON with placeholders replaced; a text that is nothing but one becomes the value, whatever its type."""
    if isinstance(tree, str):
        alone = _HOLE.fullmatch(tree)
        if alone and alone[1] in values:
            return values[alone[1]]
        return filled(tree, {name: value for name, value in values.items() if isinstance(value, str)})
    if isinstance(tree, dict):
        return {key: filled_tree(item, values) for key, item in tree.items()}
    return [filled_tree(item, values) for item in tree] if isinstance(tree, list) else tree
