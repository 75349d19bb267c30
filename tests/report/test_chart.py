from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest

from report import sample
from whosaw.report import chart


@pytest.mark.parametrize("shape", [chart.WIDE, chart.NARROW])
def test_everything_stands_inside_the_picture(shape):
    picture = chart.build(sample.rich(), shape)
    pieces = [piece for lane in picture.lanes for piece in lane.pieces]
    for thing in [*picture.columns, *picture.bands, *pieces]:
        assert shape.gutter <= thing.x
        assert thing.x + thing.width <= shape.width + 0.5
    assert max(lane.y for lane in picture.lanes) < picture.height


def test_a_single_disclosure_among_a_million_still_shows():
    result = msgspec.structs.replace(sample.clean(), timeline=[(sample.at("2012-03-01T00:00:00"), 1_000_000, 1, 0)])
    assert "v-1.5h" in chart.build(result, chart.WIDE).panels[1].paths["unentitled"]


def test_years_of_days_are_gathered_and_nothing_is_lost():
    days = [(sample.at("2008-01-01T00:00:00") + timedelta(days=i), 3, 2, 1) for i in range(2000)]
    picture = chart.build(msgspec.structs.replace(sample.rich(), timeline=days), chart.WIDE)
    assert len(picture.columns) <= chart.WIDE.bars
    assert picture.every == "9 days"
    assert picture.panels[0].peak == "18"
    assert len(picture.ticks) <= chart.WIDE.ticks + 1


def test_a_time_without_log_has_a_letter_and_a_sentence():
    notes = chart.notes(chart.build(sample.rich(), chart.WIDE))
    assert [letter for letter, _ in notes] == ["A", "B", "C"]
    assert notes[0][1] == "gw-2: no log from 2012-01-09 23:00 UTC to 2012-01-10 02:14 UTC (3 h 14 min)"


def test_letters_of_neighbouring_gaps_do_not_overlap():
    source = sample.coverage()[1]
    close = [msgspec.structs.replace(source.gaps[0], since=g, until=g + timedelta(hours=1)) for g in hours(6)]
    result = msgspec.structs.replace(sample.rich(), coverage=[msgspec.structs.replace(source, gaps=close)])
    places = [band.letter_x for band in chart.build(result, chart.WIDE).bands if band.letter]
    assert all(b - a >= 14 for a, b in pairwise(places))


def hours(n):
    return [sample.at("2012-01-15T00:00:00") + timedelta(hours=2 * i) for i in range(n)]


def test_only_the_longest_gaps_get_a_letter():
    source = sample.coverage()[1]
    many = [msgspec.structs.replace(source.gaps[0], since=g, until=g + timedelta(hours=1)) for g in hours(40)]
    result = msgspec.structs.replace(sample.rich(), coverage=[msgspec.structs.replace(source, gaps=many)])
    assert len(chart.notes(chart.build(result, chart.WIDE))) == chart.BANDS_LETTERED


def test_an_unsure_beginning_is_drawn_as_unknown():
    lanes = {lane.label: [piece.kind for piece in lane.pieces] for lane in chart.build(sample.rich(), chart.WIDE).lanes}
    assert lanes["INC-1 enriched-request"] == ["unknown", "known"]
    assert lanes["INC-2 account-mixup"] == ["known"]
    assert lanes["gw-2"] == ["known", "unknown", "unknown"]


def test_none_and_not_known_are_different_words():
    assert chart.build(sample.clean(), chart.WIDE).panels[0].peak == "none"
    assert chart.build(sample.unjudged(), chart.WIDE).panels[0].peak == "not known"


def test_without_days_there_is_no_picture():
    assert chart.build(sample.empty(), chart.WIDE) is None
    assert chart.mini(sample.mixup(), sample.rich()) is None
    assert chart.mini(sample.walk(), sample.rich()).panels[0].peak == "388"
