"""In which forms does an answer leave the house? One value goes in, a file's bytes come out; nothing is judged here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from whosaw.model import Result

Render = Callable[[Result, Mapping[str, str]], bytes]


def _json(result: Result, _: Mapping[str, str]) -> bytes:
    from whosaw.report import json_out

    return json_out.render(result)


def _csv(result: Result, _: Mapping[str, str]) -> bytes:
    from whosaw.report import csv_out

    return csv_out.render(result)


def _sarif(result: Result, claims: Mapping[str, str]) -> bytes:
    from whosaw.report import sarif

    return sarif.render(result, claims)


def _ocsf(result: Result, claims: Mapping[str, str]) -> bytes:
    from whosaw.report import ocsf

    return ocsf.render(result, claims)


def _html(result: Result, claims: Mapping[str, str]) -> bytes:
    from whosaw.report import html

    return html.render(result, claims)


FORMATS: dict[str, Render] = {"json": _json, "csv": _csv, "sarif": _sarif, "ocsf": _ocsf, "html": _html}
"""What `--out FORMAT=PATH` can write: the result, and what each detector claims in a sentence, become a file's bytes."""
