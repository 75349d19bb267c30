"""Around the rules stands what brings a request to them and to an origin, and nothing that does their work."""

import re

import pytest

from whosaw.edge.verify.surroundings import SURROUNDINGS, Around
from whosaw.identifiers import catalogue


@pytest.fixture
def around(tmp_path):
    place = tmp_path / "rules"
    return Around(tmp_path, place, "main.conf", ("127.0.0.1", "127.5.0.1"), 8080, ("127.0.0.1", 1), ("127.0.0.1", 2), ("music.example",))


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_nothing_but_the_rules_strips_or_tells(around, target):
    text = SURROUNDINGS[target](around).lower()
    listed = [entry.name.lower() for entry in catalogue().headers if len(entry.name) > 4]
    assert [name for name in listed if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)] == []
    assert not re.search("header_access|header_add|del-header|set-header|via off|forwarded_for", text)


@pytest.mark.parametrize("target", ["squid", "haproxy", "nginx"])
def test_both_addresses_listen_and_both_origins_are_led_to(around, target):
    text = SURROUNDINGS[target](around)
    assert text.count(":8080") == 2
    assert re.search(r"127\.0\.0\.1(:| parent )1\b", text)
    assert re.search(r"127\.0\.0\.1(:| parent )2\b", text)


def test_the_rules_stand_before_what_lets_everybody_in(around):
    text = SURROUNDINGS["squid"](around)
    assert text.index("include ") < text.index("http_access allow all")
    assert "from whosaw" in SURROUNDINGS["haproxy"](around)
    assert str(around.place / "rules.conf") in SURROUNDINGS["nginx"](around)
