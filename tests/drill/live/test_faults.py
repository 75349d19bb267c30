import importlib

import pytest

from whosaw.drill.live.faults import FAULTS, switches


def test_every_fault_is_to_be_found_by_a_leak_type_that_there_is():
    known = {detector.name for detector in importlib.import_module("whosaw.detectors").DETECTORS}
    assert {name for fault in FAULTS.values() for name in fault.detectors} <= known


def test_nothing_is_on_by_itself():
    assert [name for name in FAULTS if switches([]).on(name)] == []


def test_several_are_on_at_once_and_a_dial_keeps_its_place():
    found = switches(["session-mixup=0.05", "cached-page", "former-owner"])
    assert found == {"session-mixup": 0.05, "cached-page": 20, "former-owner": 1}
    assert found.on("former-owner")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("mixup", "no fault `mixup`; there are session-mixup, "),
        ("former-owner=3", "has no value"),
        ("session-mixup=2", "a number from 1e-05 to 1"),
        ("session-mixup=x", "a number from"),
        ("cached-page=", "a number from 1 to 3600"),
    ],
)
def test_a_switch_that_there_is_not_is_named(word, said):
    with pytest.raises(ValueError, match=said):
        switches([word])


def test_asking_for_an_unknown_fault_is_a_mistake():
    with pytest.raises(KeyError):
        switches([]).on("mixup")
