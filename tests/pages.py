"""What does a page say that can be executed? Its scenarios (small tables whose first header cell names them) and its settings.

A row of a `disclosures:` table begins with its name, by which `findings:` speak of it. `C-1..21` in a cell makes 21 rows of one;
several ranges in a row run side by side. An empty cell or `-` is nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    *sorted(path for path in (DOCS / "detectors").glob("*.md") if path.stem != "index"),
    *sorted((DOCS / "explanations").glob("missing-entitlements.md")),
]
FIRST_COLUMN = {"entitlements": "basis", "canaries": "customer", "owners": "object", "groups": "group", "gaps": "basis"}
"""What stands below the cell that names the table, where that is not the row's name."""

RANGE = re.compile(r"(.*?)(\d+)\.\.(\d+)(.*)")

Row = dict[str, str]


@dataclass(frozen=True)
class Scenario:
    """A heading that claims something, and the tables that prove it."""

    page: str
    heading: str
    tables: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Return page and claim as one sentence, for a test's name."""
        first = self.heading[:1].lower() if self.heading[1:2].islower() or self.heading[1:2] == " " else self.heading[:1]
        return f"{self.page}: {first}{self.heading[1:]}"

    def rows(self, table: str) -> list[Row]:
        """Return a table's rows; no table and the single row `none` both have no rows."""
        return [row for row in self.tables.get(table, []) if row.get("row") != "none"]

    @property
    def settings(self) -> dict[str, int]:
        """Return the settings this scenario changes."""
        return {row["row"]: int(row["value"]) for row in self.rows("settings")}


@dataclass(frozen=True)
class Page:
    """A page's name, its scenarios, and the settings it documents with their defaults."""

    name: str
    scenarios: list[Scenario]
    settings: dict[str, int]


def read(path: Path) -> Page:
    """Return the executable part of a page."""
    scenarios, settings = [], {}
    for part in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, text = part.partition("\n")
        tables = _tables(text)
        if "disclosures" in tables:
            scenarios.append(Scenario(path.stem, heading.strip().replace("`", ""), tables))
        elif heading.strip() == "Settings":
            settings = {row["row"]: int(row["default"]) for row in tables.get("setting", [])}
    return Page(path.stem, scenarios, settings)


def _tables(text: str) -> dict[str, list[Row]]:
    found = {}
    for block in re.findall(r"(?:^\|.*\|\n)+", text + "\n", flags=re.MULTILINE):
        header, _, *lines = [[_cell(cell) for cell in line.strip("| ").split("|")] for line in block.strip().split("\n")]
        name = header[0].removesuffix(":")
        columns = [FIRST_COLUMN.get(name, "row"), *header[1:]]
        found[name] = [row for line in lines for row in _expanded(dict(zip(columns, line, strict=True)))]
    return found


def _cell(text: str) -> str:
    text = text.strip().replace("`", "")
    return "" if text == "-" else text


def _expanded(row: Row) -> list[Row]:
    """Return the rows that a row with ranges stands for."""
    runs = {column: _run(text) for column, text in row.items() if RANGE.fullmatch(text)}
    if not runs:
        return [row]
    return [{**row, **dict(zip(runs, values, strict=True))} for values in zip(*runs.values(), strict=True)]


def _run(text: str) -> list[str]:
    before, first, last, after = RANGE.fullmatch(text).groups()
    return [f"{before}{n:0{len(first)}}{after}" for n in range(int(first), int(last) + 1)]
