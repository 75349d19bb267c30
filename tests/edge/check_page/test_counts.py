"""Is no value kept, and can customers be counted for a day and no longer?"""

import json
import stat
from datetime import UTC, datetime, timedelta

import pytest

from whosaw.edge.check_page.counts import Counts
from whosaw.errors import StorageError
from whosaw.identifiers import Addition

NOW = datetime(2026, 1, 1, 12, 34, 56, tzinfo=UTC)
ONE, OTHER = Addition("X-MSISDN", "447700900123"), Addition("X-MSISDN", "447700900456")


def lines(folder, day="2026-01-01"):
    return [json.loads(line) for line in (folder / f"seen-{day}.jsonl").read_text().splitlines()]


def test_different_customers_are_counted_and_none_is_written_down(tmp_path):
    counts = Counts(tmp_path)
    for one in (ONE, OTHER, ONE):
        counts.keep((one, Addition("Via", "1.1 gw.example")), NOW)
    assert [line["distinct"] for line in lines(tmp_path)] == [1, 2, 2]
    assert {line["minute"] for line in lines(tmp_path)} == {"2026-01-01T12:34Z"}
    assert {(line["header"], line["class"], line["listed"]) for line in lines(tmp_path)} == {("X-MSISDN", "msisdn", True)}
    assert all(b"447700900" not in path.read_bytes() for path in tmp_path.iterdir())


def test_what_is_kept_is_for_its_owner_alone(tmp_path):
    Counts(tmp_path).keep((ONE,), NOW)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


def test_counting_goes_on_after_a_restart(tmp_path):
    Counts(tmp_path).keep((ONE,), NOW)
    again = Counts(tmp_path)
    again.keep((ONE,), NOW)
    again.keep((OTHER,), NOW)
    assert [line["distinct"] for line in lines(tmp_path)] == [1, 1, 2]


def test_the_key_goes_with_its_day(tmp_path):
    counts = Counts(tmp_path)
    today = counts.digest(ONE, NOW)
    assert counts.digest(ONE, NOW) == today
    assert counts.digest(ONE, NOW + timedelta(days=1)) != today
    assert [path.name for path in tmp_path.glob("key-*")] == ["key-2026-01-02"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot keep"):
        Counts(tmp_path / "file").keep((ONE,), NOW)
