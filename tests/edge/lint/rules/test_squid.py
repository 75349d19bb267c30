"""What does each rule for Squid find, and what does it leave alone?"""

import pytest

from whosaw.edge.lint import Target
from whosaw.edge.lint.rules.squid import LINTS

GOOD = """\
http_port 3128
acl partners dstdomain .music.example
external_acl_type subs ttl=1 %SRC /usr/lib/lookup
acl known external subs
acl told note msisdn
http_access allow partners known
request_header_access X-MSISDN deny all
request_header_access X_MSISDN deny all
request_header_add X-MSISDN "%{msisdn}note" partners told
logformat own %ts %>a %{token}note
via off
forwarded_for delete
"""


def with_line(line, at=2):
    lines = GOOD.splitlines()
    lines.insert(at, line)
    return "\n".join(lines)


def without(*parts):
    return "\n".join(line for line in GOOD.splitlines() if not any(line.startswith(part) for part in parts))


ICAP = "icap_service shield reqmod_precache {} icap://127.0.0.1:1344/request\nadaptation_access shield allow all"
BAD = {
    "squid-unanchored-regex": with_line(r"acl partners dstdom_regex music\.example$"),
    "squid-bare-dot": with_line("acl partners dstdom_regex ^music.example$"),
    "squid-shared-suffix": with_line("acl partners dstdomain .co.uk"),
    "squid-overlap-fatal": with_line("acl partners dstdomain www.music.example", at=1),
    "squid-overlap": with_line("acl partners dstdomain www.music.example"),
    "squid-icap-alone": without("request_header") + "\n" + ICAP.format("bypass=on"),
    "squid-icap-essential": GOOD + ICAP.format("bypass=off"),
    "squid-icap-undone": without("request_header_add") + "\n" + ICAP.format("bypass=on"),
    "squid-add-without-deny": without("request_header_access"),
    "squid-spoof-kept": with_line("request_header_access X-MSISDN allow partners"),
    "squid-one-spelling": without("request_header_access X_"),
    "squid-forwarded-for": without("forwarded_for"),
    "squid-via": GOOD.replace("via off", "via on"),
    "squid-quarantine": GOOD + "request_header_access Other deny all",
    "squid-clear-log": GOOD.replace("%{token}note", "%{msisdn}note"),
    "squid-intercept-unpinned": GOOD.replace("3128", "3128 intercept"),
    "squid-unread": with_line('acl partners dstdomain "gone.txt"'),
}


def test_every_rule_is_tried():
    assert set(BAD) == {rule.id for rule in LINTS}


@pytest.mark.parametrize("rule", BAD)
def test_a_rule_finds_its_fault_and_no_other_does(rules_of, rule):
    assert {name for name, _ in rules_of(Target.SQUID, BAD[rule])} == {rule}


def test_a_good_configuration_has_no_fault(rules_of):
    assert rules_of(Target.SQUID, GOOD) == set()


@pytest.mark.parametrize(
    ("pattern", "loose"),
    [(r"^http://music\.example/", False), (r"^http://music\.example", True), (r"music\.example/", True), (r"^https?://.*/music$", True)],
)
def test_an_address_is_open_where_its_host_does_not_end(rules_of, pattern, loose):
    found = rules_of(Target.SQUID, with_line(f"acl partners url_regex {pattern}"))
    assert ("squid-unanchored-regex", 3) in found or not loose
    assert not found or loose


def test_what_only_blocks_may_be_unanchored(rules_of):
    assert rules_of(Target.SQUID, with_line("acl ads url_regex banner")) == set()
    assert rules_of(Target.SQUID, with_line("acl ads url_regex banner\nhttp_access deny ads")) == set()


@pytest.mark.parametrize(
    "log",
    [
        "log_mime_hdrs on",
        "logformat own %{X-MSISDN}>h",
        "logformat own %>a [%>h]",
        "logformat own %{X-Up-Calling-Line-ID}>h",
        "logformat o %>ha",
    ],
)
def test_a_log_that_holds_numbers_is_found(rules_of, log):
    assert rules_of(Target.SQUID, with_line(log)) == {("squid-clear-log", 3)}


def test_a_condition_within_a_condition_is_followed(rules_of):
    text = GOOD.replace("partners told", "meant told") + "acl meant any-of loose\nacl loose dstdom_regex music"
    assert rules_of(Target.SQUID, text) == {("squid-unanchored-regex", 14)}


def test_a_service_that_is_passed_by_under_load_only_is_no_control(rules_of):
    found = rules_of(Target.SQUID, without("request_header") + "\n" + ICAP.format("bypass=off on-overload=bypass"))
    assert {name for name, _ in found} == {"squid-icap-alone"}


def test_lists_in_files_are_read_where_they_lie(rules_of):
    found = rules_of(
        Target.SQUID,
        with_line('acl partners dstdomain "partners.txt"\ninclude more.conf'),
        partners_txt="# ours\nradio.example\n\n.radio.example\n",
        more_conf="acl partners dstdom_regex tv\n",
    )
    assert found == {("squid-overlap-fatal", 4), ("squid-unanchored-regex", 1)}


def test_a_part_that_uses_nothing_is_looked_at_as_a_whole(rules_of):
    assert rules_of(Target.SQUID, "acl partners dstdomain .github.io\n") == {("squid-shared-suffix", 1)}


def test_what_is_taken_out_may_be_added_by_squid_itself(rules_of):
    text = without("via", "forwarded_for") + "\nrequest_header_access Via deny all\nrequest_header_access X-Forwarded-For deny all\n"
    assert rules_of(Target.SQUID, text) == set()
