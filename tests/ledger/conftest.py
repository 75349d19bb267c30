"""What tests of the ledger need."""

import pytest

from whosaw.engine.duckdb import Engine


@pytest.fixture
def engine():
    made = Engine(secret=b"k" * 32)
    yield made
    made.close()
