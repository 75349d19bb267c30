"""whosaw: who saw whose customer data, were they entitled, since when, and how many?

    from datetime import UTC, datetime
    from pathlib import Path

    import whosaw

    config, config_hash = whosaw.load_config(Path("whosaw.toml"))
    case = whosaw.Case(config, config_hash, folder=Path(), ledger=Path("whosaw-out"))
    result = whosaw.judge_case(case, made=datetime.now(UTC), command="", progress=lambda *_: None)
    for incident in result.incidents:
        print(incident.id, incident.detector, incident.since, incident.customers.at_least, incident.customers.at_most)

The names below are public; everything else may move.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "DETECTORS",
    "READERS",
    "Basis",
    "Case",
    "Config",
    "DataClass",
    "Detector",
    "Grade",
    "Incident",
    "Reader",
    "RecipientKind",
    "Result",
    "Vantage",
    "Verdict",
    "WhosawError",
    "judge_case",
    "load_config",
]

_PLACES = {
    "DETECTORS": "whosaw.detectors",
    "READERS": "whosaw.readers",
    "Case": "whosaw.judge",
    "Config": "whosaw.config",
    "WhosawError": "whosaw.errors",
    "judge_case": "whosaw.judge:run",
    "load_config": "whosaw.config:load",
}

if TYPE_CHECKING:
    from whosaw.config import Config
    from whosaw.config import load as load_config
    from whosaw.detectors import DETECTORS
    from whosaw.errors import WhosawError
    from whosaw.judge import Case
    from whosaw.judge import run as judge_case
    from whosaw.model import Basis, DataClass, Detector, Grade, Incident, Reader, RecipientKind, Result, Vantage, Verdict
    from whosaw.readers import READERS


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Fetch a public name when it is first asked for: `import whosaw` loads nothing heavy."""
    if name not in __all__:
        raise AttributeError(f"module `whosaw` has no public name `{name}`")
    from importlib import import_module

    module, _, other = _PLACES.get(name, "whosaw.model").partition(":")
    return getattr(import_module(module), other or name)
