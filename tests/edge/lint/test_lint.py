"""Does the lint hold for whole configurations, and for any text at all? Is each of its rules documented?"""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whosaw.edge.lint import LINTS, Target, lint
from whosaw.errors import InputError

MOMENT = datetime(2026, 6, 1, tzinfo=UTC)
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "edge-lint.md"

WORDS = {
    Target.SQUID: r"""acl p dstdomain dstdom_regex include "x request_header_add X-MSISDN deny %{a}note icap_service reqmod_precache logformat
        any-of http_port intercept request_header_access http_access \ via .a. [ (""",
    Target.HAPROXY: r"""acl p hdr(host) -m reg -f { } http-request set-header del-header X-MSISDN if unless set-var(txn.h) var(txn.h)
        %[src,map(a)] frontend bind ' " log-format capture request header [a (a+)+$""",
    Target.NGINX: r"""map $host $x { } ; proxy_set_header X-MSISDN ~a if ($host log_format include set ' x_by_lua_block ${ proxy_pass
        underscores_in_headers on nginx.conf # \\ x""",
    Target.LIST: """contains ends_with " a.example * . .co.uk https:// matches_regex [ ( { #""",
    Target.POLICY: """[[partner]] agreement = "a" hosts [ ] field 1 until 2026-01-01 path mode { }""",
}


def texts(target):
    words = st.lists(st.tuples(st.sampled_from(WORDS[target].split()), st.sampled_from([" ", " ", "\n", "\t", "."])), max_size=40)
    return words.map(lambda pairs: "".join(word + gap for word, gap in pairs)) | st.text(max_size=80)


@pytest.mark.parametrize("target", Target)
def test_no_text_ends_the_lint(tmp_path, target):
    path = tmp_path / "config"

    @settings(max_examples=150)
    @given(text=texts(target))
    def holds(text):
        path.write_text(text, encoding="utf-8", errors="replace")
        for finding in lint(path, MOMENT, target):
            assert 1 <= finding.line <= text.count("\n") + text.count("\r") + 1

    holds()


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot read"):
        lint(tmp_path / "gone", MOMENT)


def test_every_rule_has_its_own_name_and_says_what_it_finds_in_one_sentence():
    assert len({one.id for one in LINTS}) == len(LINTS)
    for one in LINTS:
        assert one.id.startswith(one.target)
        assert one.claim[0].islower()
        assert not one.claim.endswith(".")


def row(one):
    """Return a rule as the page has it."""
    source = f"[source]({one.source})" if one.source.startswith("http") else f"`{one.source}`"
    cells = [f"`{one.id}`", one.level.value, one.claim, one.hint, source]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def test_every_rule_is_documented_with_its_own_words():
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert [one.id for one in LINTS if row(one) not in page] == []
    documented = {line.split("`")[1] for line in page if line.startswith("| `")}
    assert documented == {one.id for one in LINTS}
