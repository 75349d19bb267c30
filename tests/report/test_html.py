import base64
import hashlib
import html as entities
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import msgspec
import pytest

from report import sample
from whosaw.report import html, json_out

EVERY = {**sample.ALL, "hostile": lambda: sample.hostile("".join(sample.HOSTILE))}


def page(result, claims=sample.CLAIMS):
    return html.render(result, claims).decode()


VOID = {"meta", "link", "br", "input", "img"}


class Seen(HTMLParser):
    """What a browser would make of the page: its tags with their attributes, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.open, self.faults = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self):
        lines = (re.sub(r"[ \t\n]+", " ", line).strip() for line in "\n".join(self.words).splitlines())
        return "\n".join(line for line in lines if line)


@pytest.mark.parametrize("name", sample.ALL)
def test_the_page_reads_as_agreed(name, snapshot):
    assert Seen(page(sample.ALL[name]())).text == snapshot


@pytest.mark.parametrize("name", EVERY)
def test_the_policy_names_this_style_and_this_script_and_nothing_else(name):
    text = page(EVERY[name]())
    policy = entities.unescape(re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1])
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = ["sha256-" + base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script)]
    assert policy == (
        f"default-src 'none'; style-src '{hashes[0]}'; script-src '{hashes[1]}'; img-src data:; base-uri 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("name", EVERY)
def test_no_tag_carries_style_handlers_or_foreign_addresses(name):
    for tag, attributes in Seen(page(EVERY[name]())).tags:
        assert not [a for a in attributes if a == "style" or a.startswith("on")], tag
        for address in (attributes.get("href"), attributes.get("src")):
            assert address is None or address.startswith("#") or address == "data:,"


@pytest.mark.parametrize("text", [*sample.HOSTILE, "".join(sample.HOSTILE), "\udcff"])
def test_no_text_breaks_out_of_its_place(text):
    plain, hostile = Seen(page(sample.hostile("plain"))), Seen(page(sample.hostile(text)))
    assert hostile.faults == []
    assert hostile.open == []
    shapes = [[tag for tag, _ in seen.tags if tag not in {"code", "span"}] for seen in (plain, hostile)]
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("text", sample.HOSTILE)
def test_no_direction_mark_or_control_reaches_the_page(text):
    assert not set(page(sample.hostile(text))) & set("\x1b\x07\u202e\u202c\u200f\u061c")


@pytest.mark.parametrize("name", EVERY)
def test_the_machine_result_is_embedded_whole(name):
    result = EVERY[name]()
    (data,) = re.findall(r'<script type="application/json" id="result">(.*?)</script>', page(result), re.DOTALL)
    assert not set(data) & set("<>&\u2028\u2029")
    assert json.loads(data) == json.loads(json_out.render(result))


@pytest.mark.parametrize("name", EVERY)
def test_headings_are_in_order_and_ids_are_unique(name):
    seen = Seen(page(EVERY[name]()))
    levels = [int(tag[1]) for tag, _ in seen.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    ids = [attributes["id"] for _, attributes in seen.tags if "id" in attributes and attributes["id"] != "meter-hatch"]
    assert len(ids) == len(set(ids))


def test_every_table_has_a_caption_and_every_picture_a_name():
    seen = Seen(page(sample.rich()))
    count = {tag: sum(t == tag for t, _ in seen.tags) for tag in ("table", "caption")}
    assert count["table"] == count["caption"] > 5
    for tag, attributes in seen.tags:
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or "aria-label" in attributes or "aria-labelledby" in attributes


def test_links_lead_somewhere():
    seen = Seen(page(sample.rich()))
    ids = {attributes.get("id") for _, attributes in seen.tags}
    assert {attributes["href"][1:] for tag, attributes in seen.tags if tag == "a"} <= ids


def test_at_most_fifty_lines_of_evidence_are_listed():
    long = msgspec.structs.replace(sample.enriched(), evidence=[f"a.log:{i}" for i in range(1, 80)])
    text = Seen(page(msgspec.structs.replace(sample.rich(), incidents=[long]))).text
    assert "a.log:50" in text
    assert "a.log:51" not in text


def test_nothing_judged_does_not_read_as_zero_unentitled():
    text = Seen(page(sample.unjudged())).text
    assert "not known: nothing was judged" in text
    assert "Not looked for: nothing could be judged" in text


def test_a_number_is_grouped_with_a_narrow_space():
    assert "48\u202f112" in page(sample.rich())
    assert "48,112" not in Seen(page(sample.rich())).text


def test_a_backtick_without_its_partner_is_only_a_backtick():
    assert html.prose("a `b` c`") == 'a <code dir="ltr">b</code> c`'
    assert html.prose("`") == "`"


def test_the_whole_page_is_small():
    assert len(html.render(sample.rich(), sample.CLAIMS)) < 200_000
