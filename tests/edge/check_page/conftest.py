"""A check page that is really served, and a gateway before it that adds what a test wants."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from watch.certificates import Authority
from whosaw.edge.check_page.app import CheckPage
from whosaw.edge.check_page.counts import Counts
from whosaw.edge.check_page.reports import Reports
from whosaw.wire.http import Listener
from wire.serving import serving


@pytest.fixture
def served(tmp_path):
    """Serve the page in clear and encrypted; `page.clock` may be set."""
    state = tmp_path / "state"
    certificate, key = Authority(tmp_path).sign("page")
    here = SimpleNamespace(now=datetime(2026, 1, 1, 12, tzinfo=UTC))
    page = CheckPage(
        clear_port=0,
        secure_port=0,
        counts=Counts(state / "counts"),
        reports=Reports(state / "reports", "Small Operator"),
        clock=lambda: here.now,
        operator="Small Operator",
    )
    plain, tls = Listener(host="127.0.0.1", port=0), Listener(host="127.0.0.1", port=0, certificate=certificate, key=key)
    with serving(page, plain, tls) as ports:
        page.clear_port, page.secure_port = ports
        here.page, here.state, here.clear, here.secure = page, state, *ports
        yield here


@pytest.fixture
def nothing_clear(tmp_path):
    """Hold every file that was written against numbers that must not be in any."""

    def held(*numbers):
        files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix not in {".cfg", ".conf", ".lookup"}]
        assert files
        return [path.name for path in files for number in numbers if number.encode() in path.read_bytes()]

    return held
