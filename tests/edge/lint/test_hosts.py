"""Does a pattern for hosts mean more hosts than its writer had in mind? Squid itself says which order of a list ends it."""

import shutil
import subprocess

import pytest

from whosaw.edge.lint import hosts
from whosaw.edge.lint.files import Entry

LOOSE = [
    "music",
    r"music\.example$",
    r"^music\.example",
    r"^.*music\.example$",
    r"^a$|b$",
    r"^[a-z]+music\.example$",
    ".*",
    r"^(.*)music$",
    r"^m.*$",
]
TIGHT = [
    r"^music\.example$",
    r"\.music\.example$",
    r"(^|\.)music\.example$",
    r"^(.*\.)?music\.example$",
    r"^[^.]+\.music\.example$",
    r"^(www|m)\.music\.example$",
    r"(?i)^music\.example$",
    r"^music[0-9]+\.example$",
    r"^a\.example$|^b\.example$",
]


@pytest.mark.parametrize("pattern", LOOSE)
def test_a_pattern_that_other_hosts_match_is_loose(pattern):
    assert hosts.loose_regex(pattern)


@pytest.mark.parametrize("pattern", TIGHT)
def test_a_pattern_of_whole_labels_is_not(pattern):
    assert not hosts.loose_regex(pattern)


@pytest.mark.parametrize(
    ("pattern", "loose"),
    [
        (r"^http://music\.example/", False),
        (r"^https?://music\.example(/|$)", False),
        (r"^http://music\.example$", False),
        (r"^http:\/\/music\.example\/billing", False),
        (r"^http://[^/]*music\.example/", True),
        (r"^http://music\.example", True),
        (r"music\.example/", True),
        ("/music", True),
    ],
)
def test_an_address_is_loose_where_its_host_is(pattern, loose):
    assert hosts.loose_address(pattern) is loose


@pytest.mark.parametrize(
    ("pattern", "bare"), [("^a.example$", True), (r"^a\.example$", False), (r"^.*\.example$", False), ("^[.]a$", False)]
)
def test_a_dot_for_any_sign_is_seen(pattern, bare):
    assert hosts.bare_dots(pattern) is bare


@pytest.mark.parametrize(
    ("host", "shared"),
    [(".co.uk", True), ("*.github.io", True), (".music.example", False), ("co.uk", False), (".CO.UK.", True), (".", False)],
)
def test_a_domain_below_which_everybody_can_have_a_host_is_shared(host, shared):
    assert hosts.shared(host) is shared


LISTS = [
    "x.a.example .a.example",
    ".a.example x.a.example",
    ".a.example .x.a.example",
    ".x.a.example .a.example",
    "a.example .a.example",
    ".a.example a.example",
    "a.example b.example",
    "a.example xa.example",
]


@pytest.mark.parametrize("words", LISTS)
def test_squid_ends_at_the_overlaps_that_are_called_fatal(tmp_path, words):
    config = tmp_path / "squid.conf"
    config.write_text(f"acl p dstdomain {words}\nhttp_access deny all\nhttp_port 127.0.0.1:3128\nvisible_hostname gw.example\n")
    squid = shutil.which("squid", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    said = subprocess.run([squid, "-k", "parse", "-f", str(config)], capture_output=True, text=True, check=False)
    found = list(hosts.overlaps([Entry(word, "list", i) for i, word in enumerate(words.split(), 1)]))
    assert any(overlap.fatal for overlap in found) is (said.returncode != 0)
    assert bool(found) is ("is a subdomain of" in said.stderr)


def test_a_host_that_stands_twice_is_an_overlap():
    (overlap,) = hosts.overlaps([Entry("a.example", "list", 1), Entry("A.example", "list", 2)])
    assert (overlap.entry.line, overlap.fatal) == (2, False)
