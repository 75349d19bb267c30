"""What can every engine do, and how are rows at hand written as a query?"""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relations import ENGINES
from whosaw.engine.door import listed

KINDS = {"name": "varchar", "number": "bigint", "moment": "timestamp"}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
MOMENT = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31))  # noqa: DTZ001 - the engine's times have no zone
ROW = st.tuples(st.none() | TEXT, st.none() | st.integers(-(2**63), 2**63 - 1), st.none() | MOMENT)


@pytest.fixture(scope="module")
def engine():
    engine = ENGINES["duckdb"]()
    yield engine
    engine.close()


def test_rows_at_hand_come_back_as_they_were(engine):
    @given(st.lists(ROW, max_size=4))
    def law(rows):
        given_back = engine.rows(listed(KINDS, rows))
        assert sorted(given_back, key=repr) == sorted(rows, key=repr)

    law()


def test_no_rows_at_hand_still_have_their_columns(engine):
    assert engine.columns(listed(KINDS, [])) == list(KINDS)
    assert engine.rows(listed(KINDS, [])) == []


def test_a_view_shows_a_table_as_it_is_when_asked(engine):
    engine.table("kept", "select 1 as n")
    engine.view("seen", "select n + 1 as m from kept")
    engine.add("kept", "select n + 10 from kept")
    assert sorted(engine.rows("select m from seen")) == [(2,), (12,)]
    engine.table("kept", "select n * 2 as n from kept where n > 1")
    assert engine.rows("select m from seen") == [(23,)]


def test_joins_are_left_as_written_only_as_long_as_asked(engine):
    asked = "select current_setting('disabled_optimizers')"
    with engine.small_side_last():
        assert engine.one(asked) == ("build_side_probe_side",)
    assert engine.one(asked) == ("",)
