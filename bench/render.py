"""Which tables do the results make? Written into the READMEs between `<!-- bench: NAME -->` and `<!-- end -->`, by nobody's hand.

A NAME is a file in bench/results; `NAME short` is its table with fewer columns, and `fit` compares the sizes that were judged.
"""

from __future__ import annotations

import json
import re
from typing import Any

from measure import HERE, RESULTS, middle

PAGES = (HERE.parent / "README.md", HERE / "README.md")

_MARKED = re.compile(r"(<!-- bench: ([\w .-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)

WHOSAW = {"judge": "whosaw_judge", "read": "whosaw", "logs": "judge"}

SHORT = {
    "whosaw_judge": "**whosaw**",
    "duckdb_plain": "DuckDB",
    "polars_lazy": "Polars",
    "datafusion_sql": "DataFusion",
    "clickhouse_sql": "ClickHouse",
    "pandas_frames": "pandas",
    "spark_local": "Spark",
}
"""Who is shown in the README, each as first written."""

JUDGING = ("load", "judge", "count", "decode", "probe")
"""Parts of a process that answer the first question."""

Row = dict[str, Any]


def main() -> None:
    """Write all tables anew."""
    for page in PAGES:
        page.write_text(rendered(page.read_text()))


def rendered(page: str) -> str:
    """Return a page with the tables of the results that are there now."""
    return _MARKED.sub(lambda found: f"{found[1]}{table(found[2])}\n{found[4]}", page)


def names(page: str) -> list[str]:
    """Return the tables that a page asks for."""
    return [found[2] for found in _MARKED.finditer(page)]


def table(name: str) -> str:
    """Return the table, or text, of a name."""
    if name == "fit":
        return _fit()
    name, _, short = name.partition(" ")
    if not (RESULTS / f"{name}.json").exists():
        return "Not measured yet."
    found = _result(name)
    match found["kind"]:
        case "judge":
            return _short(found) if short else _judge(found)
        case "read":
            return _read(found)
        case "edge":
            return _edge(found)
        case _:
            return _logs(found)


def _result(name: str) -> Row:
    found: Row = json.loads((RESULTS / f"{name}.json").read_text())
    return found


# --- judging --------------------------------------------------------------------------------------------------------


def _judge(found: Row) -> str:
    own = _of(found, WHOSAW["judge"])
    heads = ["judge s", "budgets s", "group s", "together s", "process: CPU s", "peak MiB", "time, whosaw = 1", "CPU, whosaw = 1"]
    lines = _head(heads)
    for contender in found["contenders"]:
        runs = _good(contender)
        if not runs:
            lines.append(f"| {contender['title']} | {contender['runs'][0]['failed']}{' |' * len(heads)}")
            continue
        spent = [_part(runs, names) for names in (JUDGING, ("budgets",), ("group", "detectors"))]
        cells = [_seconds(_median(runs, _together)), _seconds(_median(runs, _cpu)), f"{_median(runs, _peak):,.0f}"]
        cells += [_ratio(runs, own, _together), _ratio(runs, own, _cpu)]
        lines.append(f"| {' | '.join([contender['title'], *spent, *cells])} |")
    said = f"{_size(found['rows'])} disclosures of {found['days']} days, {_size(found['entitlements'])} entitlements"
    return "\n".join([f"{said}; {_about(found)}", "", *lines, "", *_doubts(found), *_floor(found)]).rstrip()


def _short(found: Row) -> str:
    """Return the table of the README: few columns, and no spaces, since each counts as a word of a page that is read in three minutes."""
    own = _of(found, WHOSAW["judge"])
    lines = ["|judge,group,budgets|s|CPU-s|MiB|times|", "|---|---:|---:|---:|---:|"]
    for name, title in SHORT.items():
        runs = _of(found, name)
        if runs:
            cells = [_seconds(_median(runs, _together)), _seconds(_median(runs, _cpu)), f"{_median(runs, _peak):,.0f}"]
            lines.append(f"|{'|'.join([title, *cells, _ratio(runs, own, _together)])}|")
    return "\n".join(lines)


def _floor(found: Row) -> list[str]:
    floors = _of(found, "floors")
    own = _of(found, WHOSAW["judge"])
    if not floors or not own:
        return []
    least = _median(floors, lambda run: _spent(run, JUDGING, 1))
    asked = _median(own, lambda run: _spent(run, JUDGING, 1))
    return [f"Judging takes whosaw {asked / least:.1f} times the CPU seconds of the floor ({asked:.1f} s and {least:.1f} s)."]


def _doubts(found: Row) -> list[str]:
    lines = []
    few = [c["title"] for c in found["contenders"] if len(c["runs"]) < found["rounds"] and _good(c)]
    if few:
        lines.append(f"One round only: {', '.join(few)}.")
    if found["left_out"]:
        lines.append(f"Not run at this size: {', '.join(found['left_out'])}.")
    return lines


def _fit() -> str:
    """Return what a row costs at each size that was judged: where the cost is linear, it is the same."""
    lines = ["| disclosures | together s | process: CPU s | CPU µs per disclosure | peak MiB |", "|---:|---:|---:|---:|---:|"]
    for path in sorted(RESULTS.glob("judge-*.json"), key=lambda path: int(path.stem.partition("-")[2])):
        found = _result(path.stem)
        runs = _of(found, WHOSAW["judge"])
        cpu = _median(runs, _cpu)
        cells = [_seconds(_median(runs, _together)), _seconds(cpu), f"{cpu / found['rows'] * 1e6:.2f}", f"{_median(runs, _peak):,.0f}"]
        lines.append(f"| {' | '.join([_size(found['rows']), *cells])} |")
    return "\n".join(lines)


def _together(run: Row) -> float:
    return sum(wall for wall, _ in run["parts"].values())


def _spent(run: Row, names: tuple[str, ...], which: int) -> float:
    return sum(run["parts"][name][which] for name in names if name in run["parts"])


def _part(runs: list[Row], names: tuple[str, ...]) -> str:
    if not any(name in run["parts"] for run in runs for name in names):
        return ""
    return _seconds(_median(runs, lambda run: _spent(run, names, 0)))


# --- reading, and all the way ---------------------------------------------------------------------------------------


def _read(found: Row) -> str:
    size = found["bytes"] / found["lines"]
    return "\n".join(
        [f"{_size(found['lines'])} lines of {size:.0f} bytes; {_about(found)}", "", *_by_line(found), "", *_doubts(found)]
    ).rstrip()


def _logs(found: Row) -> str:
    said = f"{_size(found['lines'])} lines in {found['files']} files, {_size(found['entitlements'])} entitlements; {_about(found)}"
    phases = found["phases"]
    reading, judging = phases["read_seconds"], phases["judge_seconds"]
    besides = [
        f"In a process of its own, reading took {reading:.1f} s ({phases['lines'] / reading:,.0f} lines/s).",
        f"Judging took {judging:.1f} s ({phases['disclosures'] / judging:,.0f} disclosures/s), loading the registries included.",
        f"Found: {', '.join(f'{name} {count:,}' for name, count in phases['incidents'].items())}.",
        f"`whosaw --help`: {found['help']['median']:.3f} s (median; fastest {found['help']['fastest']:.3f} s).",
    ]
    return "\n".join([said, "", *_by_line(found), "", *besides])


def _by_line(found: Row) -> list[str]:
    own = _of(found, WHOSAW[found["kind"]])
    lines = _head(["wall s", "CPU s", "peak MiB", "lines/s", "wall, whosaw = 1", "CPU, whosaw = 1"])
    for contender in found["contenders"]:
        runs = _good(contender)
        if not runs:
            lines.append(f"| {contender['title']} | {contender['runs'][0]['failed']} | | | | | |")
            continue
        wall = _median(runs, _wall)
        cells = [_seconds(wall), _seconds(_median(runs, _cpu)), f"{_median(runs, _peak):,.0f}", f"{found['lines'] / wall:,.0f}"]
        lines.append(f"| {' | '.join([contender['title'], *cells, _ratio(runs, own, _wall), _ratio(runs, own, _cpu)])} |")
    return lines


# --- the edge --------------------------------------------------------------------------------------------------------


def _edge(found: Row) -> str:
    lines = _head(["CPU µs per request, least", "median", "answers/s at most", "p50 ms", "p99 ms"])
    for front in found["fronts"]:
        cells = [
            f"{front['least_us']:.1f}",
            f"{front['median_us']:.1f}",
            f"{front['per_second']:,}",
            f"{front['p50_ms']:.2f}",
            f"{front['p99_ms']:.2f}",
        ]
        lines.append(f"| {' | '.join([front['title'], *cells])} |")
    alone = _head(["CPU µs per transaction, least", "median"])
    alone += [f"| {service['title']} | {service['least_us']:.1f} | {service['median_us']:.1f} |" for service in found["icap"]]
    said = f"{_size(found['partners'])} partners, {found['connections']} connections, latency at {found['rate']} requests a second"
    programs = ", ".join(f"{name} {version}" for name, version in found["machine"]["programs"].items())
    about = _about(found).replace(", of which the middle counts", f" of {found['seconds']} s")
    left = [f"Not run: {', '.join(found['left_out'])}."] if found["left_out"] else []
    return "\n".join([f"{said}; {about}", f"With {programs}.", "", *lines, "", *left, "The ICAP service alone:", "", *alone])


# --- figures --------------------------------------------------------------------------------------------------------


def _of(found: Row, name: str) -> list[Row]:
    return next((_good(contender) for contender in found["contenders"] if contender["name"] == name), [])


def _good(contender: Row) -> list[Row]:
    return [run for run in contender["runs"] if "failed" not in run]


def _median(runs: list[Row], figure: Any) -> float:
    return middle(figure(run) for run in runs)


def _wall(run: Row) -> float:
    return float(run["wall"])


def _cpu(run: Row) -> float:
    return float(run["cpu"])


def _peak(run: Row) -> float:
    return float(run["peak_mib"])


def _ratio(runs: list[Row], own: list[Row], figure: Any) -> str:
    """Return how many times whosaw's figure of the same round, the middle one of the rounds."""
    if not own:
        return ""
    ratio = middle(figure(run) / figure(beside) for run, beside in zip(runs, own, strict=False))
    return f"{ratio:.1f}" if ratio >= 1 else f"{ratio:.2f}"


def _seconds(value: float) -> str:
    return f"{value:,.1f}" if value >= 1 else f"{value:.2f}"


def _size(count: int) -> str:
    return f"{count:,}"


def _about(found: Row) -> str:
    about = found["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in about["packages"].items())
    rounds = f"{found['rounds']} interleaved rounds, of which the middle counts" if found["rounds"] > 1 else "one round"
    busy = " to ".join(f"{value:.1f}" for value in found["load"])
    return f"{found['made']}, {about['cores']} cores (load {busy}), Python {about['python']}, {packages}; {rounds}."


def _head(heads: list[str]) -> list[str]:
    return [f"| what | {' | '.join(heads)} |", f"|---|{'---:|' * len(heads)}"]


if __name__ == "__main__":
    main()
