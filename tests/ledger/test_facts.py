"""What does the ledger keep, as types?"""

from datetime import UTC, datetime

import pytest

from whosaw.ledger.facts import COLUMNS, FileRow, Part, disclosure_key, disclosure_label


def test_every_column_has_a_type_and_a_meaning_and_none_is_a_verdict():
    assert all(kind and meaning for _, kind, meaning in COLUMNS)
    assert len({name for name, _, _ in COLUMNS}) == len(COLUMNS)
    assert not {"verdict", "detector", "incident"} & {name for name, _, _ in COLUMNS}


def test_a_part_says_when_its_rows_are_of():
    part = Part("day=2012-01-10/00000001.parquet", "2012-01-10", 1, 10, 1326189600_500000, 1326189601_000000, "")
    assert part.since == datetime(2012, 1, 10, 10, 0, 0, 500000, tzinfo=UTC)
    assert part.until == datetime(2012, 1, 10, 10, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)])
def test_the_first_and_the_last_moment_of_all_can_be_said(moment):
    micros = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)
    assert Part("", "", 1, 1, micros, micros, "").since == moment


def test_a_file_that_has_just_been_met_has_no_past():
    row = FileRow(1, "s", "c", "p", "d", 0, 0, 0, 0, 0)
    assert (row.state, row.unfinished, row.batch) == ("", "", 0)


def test_a_name_and_its_key_belong_together():
    assert disclosure_key(disclosure_label(5 << 32 | 7)) == 5 << 32 | 7
