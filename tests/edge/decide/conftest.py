"""What answers, without a network: the registries of a small operator, and what it recorded."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from small_operator import BILL_OWNER, case, operator
from whosaw.edge.decide import server

NOW = datetime(2012, 1, 10, 12, 0, tzinfo=UTC)

NUMBERS = "number,account,since,until\n+447700900001,A1,2012-01-01,2012-01-05\n07700 900001,A2,2012-01-05,\n447700900002,A1,,\n447700900002,A2,,\n"
NUMBER_OWNER = {
    "object": "number",
    "file": "numbers.csv",
    "columns": {"object": "number", "customer": "account", "since": "since", "until": "until"},
}


@pytest.fixture
def answering(tmp_path):
    """Open a service over a folder; `recorded` gives the lines it wrote so far."""
    opened = []

    def opens(changes=None, **files):
        operator(tmp_path, numbers_csv=NUMBERS, **files)
        changes = {"operator": {"country": "GB"}, "owner": [BILL_OWNER, NUMBER_OWNER], **(changes or {})}
        service = server.opened(case(tmp_path, changes), tmp_path / "decisions", now=lambda: NOW)
        opened.append(service)

        def recorded():
            lines = [(tmp_path / "decisions" / f"{name}.jsonl").read_text().splitlines() for name in ("shown", "stopped")]
            return [json.loads(line) for part in lines for line in part]

        return SimpleNamespace(**service._asdict(), recorded=recorded, folder=tmp_path)

    yield opens
    for service in opened:
        service.recorder.close()
        service.standing.close()
