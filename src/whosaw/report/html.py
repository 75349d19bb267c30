"""How does a data-protection officer read, print and mail the answer? As one file that asks nothing of anybody.

The page carries its own policy: only this very style sheet and this very script (by their hashes), no other resource of any kind.
It is complete without its script.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct
from typing import TYPE_CHECKING, Any

from whosaw.model import Evidence
from whosaw.report import chart, figures, json_out, sentences

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment
    from markupsafe import Markup

    from whosaw.model import Result

EVIDENCE_SHOWN = 50
REJECTED_SHOWN = 25
PLACES_SHOWN = 10
_RISKY = re.compile(r"[<>&]|[^\x00-\x7f]")


def render(result: Result, claims: Mapping[str, str]) -> bytes:
    """Return the whole page as one HTML file."""
    env = _environment()
    css, js = (_file(name) for name in ("report.css", "report.js"))
    page = env.get_template("report.html.j2").render(
        result=result,
        head=sentences.headline(result),
        doubts=_by_kind(sentences.doubts(result)),
        judged=sentences.judged(result),
        claims={i.id: sentences.claim(i, claims) for i in result.incidents},
        wide=chart.build(result, chart.WIDE),
        narrow=chart.build(result, chart.NARROW),
        minis={i.id: chart.mini(i, result) for i in result.incidents},
        policy=policy(css, js),
        css=_trusted(css),
        js=_trusted(js),
        data=embedded(result),
    )
    return page.encode("utf-8", "backslashreplace")


def policy(css: str, js: str) -> str:
    """Return the Content Security Policy of a page with this style sheet and this script, and nothing else."""
    return f"default-src 'none'; style-src '{_hash(css)}'; script-src '{_hash(js)}'; img-src data:; base-uri 'none'; form-action 'none'"


def embedded(result: Result) -> Markup:
    """Return the machine result in a form that no text inside it can leave: plain ASCII without angle brackets and ampersands."""
    text = json_out.render(result).decode()
    return _trusted(_RISKY.sub(lambda found: "".join(f"\\u{unit:04x}" for unit in _utf16(found[0])), text))


def _utf16(char: str) -> tuple[int, ...]:
    return struct.unpack(f">{len(char.encode('utf-16-be')) // 2}H", char.encode("utf-16-be"))


def prose(text: str) -> Markup:
    """Return a sentence as HTML: what stands in backticks becomes code, times stay in one line, grouped numbers get a narrow space."""
    from markupsafe import Markup

    parts = figures.visible(text).split("`")
    if len(parts) % 2 == 0:  # a backtick without its partner is only a backtick
        parts[-2:] = ["`".join(parts[-2:])]
    return Markup().join(Markup('<code dir="ltr">{}</code>').format(part) if i % 2 else _plain(part) for i, part in enumerate(parts))


def _plain(text: str) -> Markup:
    from markupsafe import Markup, escape

    times = Markup('<span class="nowrap">{}</span>')
    parts = figures.MOMENT.split(figures.thin(text))
    return Markup().join(times.format(part) if i % 2 else escape(part) for i, part in enumerate(parts))


def _by_kind(doubts: list[sentences.Doubt]) -> dict[str, list[str]]:
    kinds: dict[str, list[str]] = {}
    for doubt in doubts:
        kinds.setdefault(doubt.kind, []).append(doubt.text)
    return kinds


def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    env = Environment(
        loader=PackageLoader("whosaw.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    env.filters |= _filters()
    env.globals |= {
        "counted": lambda n, *nouns: figures.thin(figures.counted(n, *nouns)),
        "share": figures.share,
        "notes": chart.notes,
        "gaps": sentences.gaps,
        "proof": {e.value: text for e, text in sentences.PROOF.items()} | {"order": [e.value for e in Evidence]},
        "EVIDENCE_SHOWN": EVIDENCE_SHOWN,
        "REJECTED_SHOWN": REJECTED_SHOWN,
        "PLACES_SHOWN": PLACES_SHOWN,
    }
    return env


def _filters() -> dict[str, Any]:
    return {
        "number": lambda n: figures.thin(figures.number(n)),
        "moment": figures.moment,
        "iso": figures.iso,
        "day": figures.day,
        "visible": figures.visible,
        "prose": prose,
        "began": sentences.began,
        "bound": lambda b: figures.thin(figures.bound(b)),
        "kinds": sentences.kinds,
        "data": sentences.data,
        "severity": sentences.severity,
        "registered_tests": lambda i: figures.thin(sentences.registered_tests(i)),
        "percent": lambda part, whole: f"{100 * part / whole if whole else 0:.2f}%",
    }


def _file(name: str) -> str:
    from importlib.resources import files

    return files("whosaw.report").joinpath("templates", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _trusted(text: str) -> Markup:
    """Mark our own style sheet and script, and JSON that has been escaped above, as HTML. Nothing else comes through here."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - see the docstring
