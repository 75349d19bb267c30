"""What the reference page shows is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from whosaw.identifiers import WRAPPINGS, catalogue, mask, profile, recognise

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "identifiers.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", PAGE, re.MULTILINE)


def test_every_wrapping_stands_on_the_page_with_an_example_that_is_recognised():
    uk = profile("GB", ["4477009"])
    shown = dict(ROWS)
    for wrapping in WRAPPINGS:
        assert shown[wrapping.name] == wrapping.wrap("447700900123")
        assert [hit.value for hit in recognise(shown[wrapping.name], uk)] == ["447700900123"]


def test_the_masks_on_the_page_are_the_real_ones():
    masks = [(value, shown) for value, shown in ROWS if "…" in shown]
    assert len(masks) >= 5
    assert all(mask(value) == shown for value, shown in masks)


def test_the_page_counts_the_header_names():
    assert f"lists {len(catalogue().headers)} names, version {catalogue().version}" in PAGE
