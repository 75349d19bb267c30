"""What would a configuration for these logs look like?"""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from small_operator import written
from whosaw import config
from whosaw.errors import InputError
from whosaw.judge import sketch

NGINX = '192.0.2.7 - anna [10/Jan/2012:10:00:00 +0000] "GET {uri} HTTP/1.1" 200 512 "-" "x"'


def sketched(folder, *names, **changes):
    given_names = {"name": "Small", "country": "gb", "numbers": ["+4477009"]} | changes
    return sketch.sketch([folder / name for name in names], home=folder, **given_names)


def test_a_sketch_is_a_configuration_with_what_looking_can_tell(tmp_path):
    written(tmp_path, portal_log=[NGINX.format(uri="/bill/4711/calls")] * 3)
    found = config.parse(tomllib.loads(sketched(tmp_path, "portal.log")))
    assert (found.operator.name, found.operator.country, found.operator.numbers) == ("Small", "GB", ["4477009"])
    (source,) = found.source
    assert (source.name, source.files, source.format, source.recipient) == ("portal", ["portal.log"], "nginx", "remote_user")


def test_a_sketch_shows_shapes_of_addresses_and_no_value(tmp_path):
    written(tmp_path, portal_log=[NGINX.format(uri=f"/bill/{4711 + i}/calls?n=447700900123") for i in range(9)])
    text = sketched(tmp_path, "portal.log")
    assert '# template = "/bill/{bill}/calls"' in text
    for value in ("4711", "447700900123", "anna", "192.0.2.7"):
        assert value not in text


def test_a_name_with_quotes_is_written_so_that_it_can_be_read(tmp_path):
    written(tmp_path, portal_log=[NGINX.format(uri="/")])
    name = 'the "best" \\ operator\n'
    assert tomllib.loads(sketched(tmp_path, "portal.log", name=name))["operator"]["name"] == name


def test_a_log_of_no_format_is_refused_with_the_formats_there_are(tmp_path):
    written(tmp_path, odd_log=bytes(range(256)))
    with pytest.raises(InputError, match="was not recognised") as problem:
        sketched(tmp_path, "odd.log")
    assert "nginx" in problem.value.hint


@given(st.lists(st.from_regex(r"[a-z]{1,8}|[0-9]{1,12}|[a-z]+[0-9]+|[a-z]+%40[a-z]+", fullmatch=True), min_size=1, max_size=5))
def test_a_shape_holds_no_segment_with_a_digit(parts):
    shape = sketch._shape("/" + "/".join(parts) + "?q=447700900123")
    assert shape.count("/") == len(parts)
    assert not any(sign in shape for sign in "0123456789@%?")
