"""Is the documentation true? Its outputs are made again, its configurations are checked, its commands exist, its links lead somewhere.

An output stands below a comment that says which command gave it: `<!-- output: whosaw scope INC-1 [first 6, last 2] -->`.
After a change that is meant, `python tests/test_docs.py` writes all outputs anew; read the difference before it is committed.
"""

import contextlib
import datetime as dt
import getpass
import io
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import click
import pytest

from whosaw import cli, config, readers
from whosaw.cli import drilling, inquiry, judging, watching
from whosaw.judge.mapping import row_queries

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = [page for page in PAGES if page.parent.name in {"tutorials", "guides", "explanations"} or page.stem in {"cli", "settings", "ledger"}]

OUTPUT = re.compile(r"(?<=<!-- output: )(?P<command>.+?)(?: \[(?P<cut>[^]]+)\])? -->\n```text\n(?P<text>.*?)```", re.DOTALL)
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w+)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)(?P<path>[^)#]+)")


def name(page):
    return str(page.relative_to(ROOT))


def blocks(page, language):
    """Return the fenced blocks of a language, without the indentation of the list they may stand in."""
    found = [match for match in FENCE.finditer(page.read_text(encoding="utf-8")) if match["language"] == language]
    return [re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE) for match in found]


# --- outputs --------------------------------------------------------------------------------------------------------


def said(command):
    """Return what a command says here, on standard output and standard error as a terminal would show them."""
    words = shlex.split(command)
    if words[0] != "whosaw":
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout
    shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(shown), contextlib.redirect_stderr(shown), contextlib.suppress(SystemExit):
        cli.main()
    return shown.buffer.getvalue().decode()


def cut(text, how):
    """Return the first and last lines that a page shows, with `...` for what is left out."""
    if not how:
        return text
    lines, wanted = text.splitlines(), dict(part.split() for part in how.split(", "))
    first, last = (int(wanted.get(word, 0)) for word in ("first", "last"))
    return "\n".join([*lines[:first], "...", *lines[len(lines) - last :]]) + "\n"


@contextlib.contextmanager
def same_every_day(folder):
    """Work in a folder where nothing depends on the day, the machine, or chance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(secrets, "token_hex", lambda size: "5a" * size)
        patch.setattr(getpass, "getuser", lambda: "ann")
        patch.setenv("NO_COLOR", "1")
        for module in (judging, inquiry, drilling, watching):
            patch.setattr(module, "now", lambda: dt.datetime(2012, 2, 6, 9, 0, tzinfo=dt.UTC))
        yield patch


def made_again(page):
    """Return a page with each of its outputs made anew, in one folder and in the order of the page."""
    with tempfile.TemporaryDirectory() as folder, same_every_day(folder) as patch:

        def fresh(match):
            patch.setattr(sys, "argv", shlex.split(match["command"]))
            head = match[0].removesuffix(f"{match['text']}```")
            return f"{head}{cut(said(match['command']), match['cut'])}```"

        return OUTPUT.sub(fresh, page.read_text(encoding="utf-8"))


ON_A_CLUSTER = ROOT / "docs" / "guides" / "run-it-on-your-cluster.md"
"""Its outputs need a cluster: they are made again in tests/engine/test_spark.py."""

WITH_OUTPUT = [page for page in PAGES if page != ON_A_CLUSTER and OUTPUT.search(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("page", WITH_OUTPUT, ids=name)
def test_every_output_is_what_the_command_says(page):
    assert page.read_text(encoding="utf-8") == made_again(page)


# --- configurations -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_configuration_is_accepted(page):
    for block in blocks(page, "toml"):
        table = tomllib.loads(block)
        if block.startswith("[") and not block.startswith("[[source.route]]"):
            config.parse(table)


def test_the_whole_example_has_every_table_and_every_source_of_it_fits_its_format():
    text = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    _, _, rest = text.partition("<!-- whole -->\n")
    whole = tomllib.loads(FENCE.search(rest)["text"])
    assert set(whole) == set(config.Config.__struct_fields__)
    assert {"portal", "bills", "gateway", "crm"} == {source.name for source in config.parse(whole).source}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_source_picks_what_its_format_records(page):
    for block in blocks(page, "toml"):
        if "[[source]]" in block:
            told = config.parse(tomllib.loads(block))
            for source in told.source:
                reader = readers.by_name(source.format)
                if source.layout:
                    row_queries(source, reader.layout(source.layout), told.operator, source.name)


# --- commands and links ---------------------------------------------------------------------------------------------


def commands(page):
    """Return every `whosaw ...` of the shell blocks, as words."""
    lines = [part for block in blocks(page, "sh") for line in block.splitlines() for part in line.split(" | ")]
    return [shlex.split(line, comments=True) for line in lines if re.match(r"(?:\S*/)?whosaw ", line)]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_and_option_shown_exists(page):
    for _, command, *words in commands(page):
        found = cli.whosaw.get_command(click.Context(cli.whosaw), command)
        assert found is not None, command
        found.make_context(command, list(words)).close()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file(page):
    links = LINK.findall(re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", OURS, ids=name)
def test_a_line_holds_one_sentence(page):
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = [line for line in prose.splitlines() if not line.startswith("|")]
    assert [line for line in lines if re.search(r"[a-z)`][.?!] [A-Z]", line)] == []


def test_the_readme_is_read_in_three_minutes():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.split()) < 600


if __name__ == "__main__":
    for outdated in WITH_OUTPUT:
        outdated.write_text(made_again(outdated), encoding="utf-8")
