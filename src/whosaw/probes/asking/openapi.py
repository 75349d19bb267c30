"""Which operations does an OpenAPI document describe? What reads is asked; what cannot be understood is counted and named, never guessed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from whosaw.errors import InputError
from whosaw.probes.asking.operations import Operation, is_declared, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from whosaw.config.probing import Target

_READS = ("get", "head")
_WRITES = ("put", "post", "patch", "delete")


def operations(path: Path, target: Target) -> tuple[list[Operation], list[str]]:
    """Return the reading operations of a document, and what was left out and why. Raises `InputError` for what is no OpenAPI 3."""
    document = _document(path)
    if not str(document.get("openapi", "")).startswith("3.") or not isinstance(document.get("paths"), dict):
        raise InputError(f"`{path.name}` is no OpenAPI 3 document with paths", hint="give `openapi` a document of version 3.0 or 3.1")
    prefix = _prefix(document, target)
    found: list[Operation] = []
    notes: list[str] = []
    writes = 0
    for name, item in document["paths"].items():
        for verb, body in _verbs(document, item):
            said = _operation(document, target, (verb, prefix + str(name)), [*_listed(item, "parameters"), *_listed(body, "parameters")])
            if isinstance(said, Operation):
                found.append(said)
            elif not is_declared(prefix + str(name), target.public):
                notes.append(said)
        writes += sum(isinstance(item, dict) and verb in item for verb in _WRITES)
    if writes:
        notes.append(f"{path.name}: {writes} operations have a method that writes, and are asked only where a [[write]] says how")
    return found, notes


def _document(path: Path) -> dict[str, Any]:
    import yaml

    try:
        text = path.read_text(encoding="utf-8")
        # JSON is YAML but for its surrogate pairs
        loaded = json.loads(text) if text.lstrip().startswith("{") else yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as problem:
        why = str(getattr(problem, "strerror", None) or "neither JSON nor YAML").lower()
        raise InputError(f"cannot read the OpenAPI document `{path}`: {why}", hint="name the file beside the target file") from problem
    return loaded if isinstance(loaded, dict) else {}


def _prefix(document: Mapping[str, Any], target: Target) -> str:
    """Return the path of the document's first server, unless the target's own address already ends with it."""
    servers = _listed(document, "servers")
    url = servers[0].get("url") if servers and isinstance(servers[0], dict) else ""
    try:
        path = urlsplit(str(url or "")).path.rstrip("/")
    except ValueError:
        return ""
    return "" if "{" in path or urlsplit(target.url).path.rstrip("/").endswith(path) else path


def _verbs(document: Mapping[str, Any], item: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:  # noqa: ANN401 - whatever stands there
    item = _followed(document, item)
    yield from ((verb.upper(), item[verb]) for verb in _READS if isinstance(item, dict) and isinstance(item.get(verb), dict))


def _operation(document: Mapping[str, Any], target: Target, where: tuple[str, str], listed: list[Any]) -> Operation | str:
    """Return an operation whose placeholders are kinds of own ids, or why it cannot be asked."""
    verb, path = where
    parameters = [p for p in (_followed(document, p) for p in listed) if isinstance(p, dict) and isinstance(p.get("name"), str)]
    query: list[tuple[str, str]] = []
    headers: list[tuple[str, str]] = []
    template = path
    for parameter in {(p["name"], str(p.get("in"))): p for p in parameters}.values():
        name, place = parameter["name"], parameter.get("in")
        value = _value(parameter, path, target)
        if place == "path" and value:
            template = template.replace("{" + name + "}", value)
        elif value and (value.startswith("{") or parameter.get("required")) and place in {"query", "header"}:
            (query if place == "query" else headers).append((name, value))
        elif place == "path" or (parameter.get("required") and place in {"query", "header"}):
            return f"{verb} {path} needs `{name}`, and no own id or `fill` is of that kind"
    op = Operation(method=verb, path=template, query=tuple(query), headers=tuple(headers), source="openapi")
    known = {kind for identity in target.identity for kind in (*identity.ids, *identity.former)} | set(target.fill)
    strange = next((kind for kind in op.ids if kind not in known), None)
    return op if strange is None else f"{verb} {path} has a `{{{strange}}}` that no parameter describes"


def _value(parameter: Mapping[str, Any], path: str, target: Target) -> str:
    """Return the placeholder of an own id, or one of the values the document allows. Examples may be real customers' ids: never those."""
    kind = kind_of(parameter["name"], path, target)
    if kind:
        return "{" + kind + "}"
    schema = parameter.get("schema")
    allowed = schema.get("enum") if isinstance(schema, dict) else None
    if isinstance(allowed, list) and allowed:
        return str(allowed[0])
    return "true" if isinstance(schema, dict) and schema.get("type") == "boolean" else ""


def _listed(value: Any, name: str) -> list[Any]:  # noqa: ANN401 - whatever stands there
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _followed(document: Mapping[str, Any], value: Any) -> Any:  # noqa: ANN401 - whatever stands there
    """Return what a local `$ref` stands for; a reference to elsewhere, or in a circle, stands for nothing."""
    for _ in range(8):
        if not isinstance(value, dict) or "$ref" not in value:
            return value
        reference = str(value["$ref"])
        if not reference.startswith("#/"):
            return None
        found: Any = document
        for step in reference[2:].split("/"):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, dict) else None
        value = found
    return None
