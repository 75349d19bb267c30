"""Is an object known by the same key, whether one is asked for or a whole registry is loaded?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.engine.duckdb import Engine
from whosaw.identifiers import Pseudonymiser, profile
from whosaw.identifiers.objects import e164, object_key

SECRET = bytes(range(32))
WRITTEN = st.text(alphabet="0123456789+() -x", max_size=16) | st.sampled_from(["+44 (0)7700 900123", "07700900123", "00447700900123"])


@pytest.mark.parametrize(("country", "numbers"), [("GB", ["4477009"]), ("", []), ("DE", [])])
def test_one_object_has_the_key_that_the_engine_gives_a_column(country, numbers):
    own, engine, pseudonyms = profile(country, numbers), Engine(secret=SECRET), Pseudonymiser(SECRET)
    engine.speak_of_numbers(own.code, own.trunk)

    @given(st.lists(st.tuples(st.sampled_from(["number", "bill"]), WRITTEN | st.text(max_size=8)), max_size=20))
    def law(objects):
        clean = [(kind, value.replace("\x00", "").encode(errors="ignore").decode()) for kind, value in objects]
        keys = [engine.one("select object_key(?, ?)", [kind, value])[0] for kind, value in clean]
        assert [object_key(pseudonyms, kind, value, own) for kind, value in clean] == keys

    law()
    engine.close()


def test_each_spelling_of_a_number_is_the_same_object():
    own = profile("GB", ["4477009"])
    assert {e164(text, own) for text in ("07700900123", "+44 (0)7700 900123", "0044 7700 900123", "447700900123", "7700900123")} == {
        "447700900123"
    }
