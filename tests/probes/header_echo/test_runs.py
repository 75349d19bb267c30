"""Is a run clean, dirty or inconclusive as it should be, and do the runs bound since when?"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from whosaw.config.echoing import EchoTarget
from whosaw.errors import InputError, StorageError
from whosaw.identifiers import Addition
from whosaw.probes.header_echo import runs
from whosaw.probes.header_echo.asking import Asked

KEY = b"k" * 32
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NUMBER = "447700900123"
TOLD = (Addition("X-MSISDN", NUMBER),)
TARGET = EchoTarget(key_file="k", domains=("a.example", "b.example"), partner="music.example", allow=("X-Trace",))
ALONE = EchoTarget(key_file="k", domains=("a.example",), strangers=1)


def run(*asked, target=TARGET, moment=NOW):
    return runs.judged(target, KEY, asked, moment)


STRANGER, PARTNER = Asked("x.a.example"), Asked("music.example", TOLD)


@pytest.mark.parametrize(
    ("asked", "state"),
    [
        ((STRANGER, PARTNER), "clean"),
        ((Asked("x.a.example", TOLD), PARTNER), "dirty"),
        ((Asked("x.a.example", (Addition("X-Foo", NUMBER),)), PARTNER), "dirty"),
        ((Asked("x.a.example", (Addition("Via", "1.1 gw"),)), PARTNER), "clean"),
        ((Asked("x.a.example", (Addition("X-Trace", NUMBER),)), PARTNER), "clean"),
        ((STRANGER, Asked("music.example")), "inconclusive"),
        ((STRANGER, Asked("y.a.example", unreached="no answer: TimeoutError"), PARTNER), "inconclusive"),
        ((Asked("x.a.example", TOLD), Asked("y.a.example", unreached="no answer: TimeoutError")), "dirty"),
    ],
)
def test_a_run_is_as_its_names_are(asked, state):
    assert run(*asked).state == state


def test_without_a_partner_strangers_alone_decide():
    assert run(STRANGER, target=ALONE).state == "clean"


def test_each_run_asks_names_that_nobody_has_seen_before():
    first, second = runs.names(TARGET), runs.names(TARGET)
    assert [name.partition(".")[2] for name in first] == ["a.example", "b.example", "a.example", "example"]
    assert first[-1] == "music.example"
    assert not set(first[:-1]) & set(second)


def test_a_record_holds_no_value_and_is_read_back(tmp_path):
    runs.append(tmp_path, run(Asked("x.a.example", TOLD), PARTNER))
    text = (tmp_path / runs.FILE).read_text()
    assert NUMBER not in text
    assert json.loads(text)["names"][0]["added"][0]["masked"] == "4477…23"
    assert [one.state for one in runs.read(tmp_path)] == ["dirty"]


def test_a_line_cut_short_costs_only_itself(tmp_path):
    runs.append(tmp_path, run(STRANGER, PARTNER))
    with (tmp_path / runs.FILE).open("a") as file:
        file.write('{"seen_at": "2026')
    runs.append(tmp_path, run(STRANGER, PARTNER))
    assert len(runs.read(tmp_path)) == 2


def test_a_folder_that_cannot_be_used_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        runs.append(tmp_path / "file", run(STRANGER))
    with pytest.raises(InputError):
        runs.read(tmp_path)


def history(states):
    kinds = {"c": (STRANGER, PARTNER), "d": (Asked("x.a.example", TOLD), PARTNER), "i": (Asked("x.a.example", unreached="gone"),)}
    return [run(*kinds[state], moment=NOW + timedelta(minutes=10 * i)) for i, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "found"),
    [
        ("", []),
        ("cc", []),
        ("ccdd", [(1, 2, 3, None)]),
        ("cidid", [(0, 2, 4, None)]),
        ("dc", [(None, 0, 0, 1)]),
        ("cdccdic", [(0, 1, 1, 2), (3, 4, 4, 6)]),
    ],
)
def test_the_last_clean_and_the_first_dirty_run_bound_the_moment(states, found):
    minutes = {None: None, **{NOW + timedelta(minutes=10 * i): i for i in range(len(states))}}
    spells = runs.spells(history(states))
    assert [tuple(minutes[moment] for moment in (s.clean, s.first, s.last, s.clean_again)) for s in spells] == found
    assert all(spell.names == ("X-MSISDN",) for spell in spells)


def test_a_run_asks_every_name_once():
    found, asked = runs.once(TARGET, KEY, lambda host: Asked(host, TOLD if host == "music.example" else ()), lambda: NOW)
    assert (found.state, len(asked), found.seen_at) == ("clean", 4, NOW)
