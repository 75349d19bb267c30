import re
import subprocess
import sys

import pytest

from report import sample
from whosaw.report import FORMATS

NUMBER = re.compile(rb"(?<![\w:])(?:\+|00)?44\s?7\d{9}(?!\w)")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_every_kind_of_answer(name):
    for make in sample.ALL.values():
        assert FORMATS[name](make(), sample.CLAIMS)
        assert FORMATS[name](make(), {})


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_answer_gives_the_same_bytes(name):
    assert FORMATS[name](sample.rich(), sample.CLAIMS) == FORMATS[name](sample.rich(), sample.CLAIMS)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_adds_a_clear_identifier(name):
    assert not NUMBER.search(FORMATS[name](sample.rich(), sample.CLAIMS))


def test_asking_for_the_formats_loads_none_of_them():
    code = "import sys, whosaw.report; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert {"jinja2", "rich", "csv"}.isdisjoint(loaded.stdout.split())
