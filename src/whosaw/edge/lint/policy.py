"""What does a policy of whosaw say today? The policy and its agreements, or why it is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from whosaw.config.agreements import Partner, partners
from whosaw.edge import policy
from whosaw.edge.lint import files
from whosaw.edge.lint.finding import Spot
from whosaw.edge.policy import Policy
from whosaw.errors import ConfigError

_QUOTED = re.compile(r"`([^`]+)`")
_NAME = re.compile(r""""([^"\n]*)"|'([^'\n]*)'|([^\s,"'=`\[\]:]+)""")


@dataclass(frozen=True)
class Agreed:
    """A policy or a file of agreements at a moment: its agreements, and the whole policy unless it is but agreements or refused."""

    path: Path
    moment: datetime
    places: dict[str, int]
    partners: tuple[Partner, ...] = ()
    policy: Policy | None = None
    refused: Spot | None = None

    def spot(self, partner: Partner, what: str = "") -> Spot:
        """Return where an agreement stands."""
        line = self.places.get(partner.agreement, 1)
        return Spot(str(self.path), line, f"{partner.agreement}: {what}" if what else partner.agreement)


def parse(path: Path, moment: datetime) -> Agreed:
    """Return a policy (TOML, YAML) or a file of agreements (CSV) as it is at a moment."""
    places = _places(files.text(path) or "")
    try:
        if path.suffix == ".csv":
            return Agreed(path, moment, places, partners({"partners": path.name}, path.parent))
        whole = policy.load(path)
    except ConfigError as problem:
        return Agreed(path, moment, places, refused=Spot(str(path), _where(problem, places), problem.message))
    except (RecursionError, UnicodeError) as problem:  # a document nested a thousand deep
        return Agreed(path, moment, places, refused=Spot(str(path), 1, type(problem).__name__))
    return Agreed(path, moment, places, whole.partners, whole)


def _places(text: str) -> dict[str, int]:
    """Return the first line of every name and value."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for match in _NAME.finditer(line):
            found.setdefault(match[match.lastindex or 0], number)
    return found


def _where(problem: ConfigError, places: dict[str, int]) -> int:
    """Return the line that a refusal means: one that it names, else that of the first name of it that stands in the file."""
    if numbered := re.search(r"\bline (\d+)|\.csv:(\d+)", problem.message):
        return int(numbered[1] or numbered[2])
    return next((places[name] for name in _QUOTED.findall(problem.message) if name in places), 1)
