"""What are the words of whosaw, as types?"""

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw import model
from whosaw.model import ENTITLING_GRADES, PROVING_VANTAGES, DataClass, Grade, Vantage, Verdict, data_classes, data_mask


@given(st.lists(st.sampled_from(DataClass)))
def test_a_mask_holds_exactly_the_classes_it_was_made_of(classes):
    assert set(data_classes(data_mask(classes))) == set(classes)


def test_the_bits_of_the_data_classes_never_change():
    assert [(c.value, c.bit) for c in DataClass] == [
        ("number", 1),
        ("identity", 2),
        ("contact", 4),
        ("account", 8),
        ("bill", 16),
        ("call_detail", 32),
        ("location", 64),
        ("device", 128),
        ("content", 256),
        ("credentials", 512),
    ]


def test_there_are_three_verdicts():
    assert [v.value for v in Verdict] == ["entitled", "unentitled", "cannot_judge"]


def test_own_word_and_inference_never_entitle():
    assert set(Grade) - set(ENTITLING_GRADES) == {Grade.D, Grade.E}


def test_what_was_asked_proves_no_disclosure():
    assert set(Vantage) - set(PROVING_VANTAGES) == {Vantage.CLIENT, Vantage.PROXY_IN}


STRUCTS = [
    kind for kind in vars(model).values() if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not msgspec.Struct
]
DATACLASSES = [kind for kind in vars(model).values() if isinstance(kind, type) and dataclasses.is_dataclass(kind)]


@pytest.mark.parametrize("kind", STRUCTS + DATACLASSES, ids=lambda kind: kind.__name__)
def test_every_value_is_frozen(kind):
    frozen = kind.__struct_config__.frozen if issubclass(kind, msgspec.Struct) else kind.__dataclass_params__.frozen
    assert frozen
