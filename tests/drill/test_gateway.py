import pytest

from drill.second_opinion import lines, rows
from whosaw.drill.gateway import covers


def sent(folder):
    return [(t, row) for _, _, t, row in rows(folder, "gateway") if row["note"] != "-"]


@pytest.mark.parametrize(
    ("site", "host", "covered"),
    [
        ("tones.example", "tones.example", True),
        ("tones.example", "img.tones.example", False),
        (".pay.example", "www.pay.example", True),
        (".pay.example", "notpay.example", False),
        (".pay.example", "pay.example.net", False),
    ],
)
def test_an_agreement_covers_the_named_host_or_all_below_a_dot(site, host, covered):
    assert covers(site, host) is covered


def test_only_what_is_forwarded_carries_a_number(quarter):
    codes = {(row["code"], row["method"]) for _, row in sent(quarter[0])}
    assert not any("HIT" in code or "DENIED" in code or "NONE" in code or method == "CONNECT" for code, method in codes)
    assert ("TCP_MISS/302", "GET") in codes, "a redirect carries the number too: it is in the request"


def test_in_a_quiet_month_numbers_reach_partners_only(quiet):
    hosts = {row["url"].split("/")[2] for _, row in sent(quiet[0])}
    assert hosts == {"tones.example", "www.pay.example", "m.pay.example", "football.example", "games.example"}


def test_a_partner_is_sent_numbers_from_the_day_of_the_agreement_on(quiet):
    first = min(t for t, row in sent(quiet[0]) if "//games.example/" in row["url"])
    assert f"{first:%Y-%m-%d}" == "2012-01-16"


def test_a_fault_of_one_gateway_leaves_the_other_alone(quarter):
    touched = {file for file, _ in quarter[1].unentitled_rows if "gateway" in file}
    assert touched == {"logs/gateway/gw-2.log"}


def test_each_line_is_as_the_log_format_says(quarter):
    for file in ("gw-1.log", "gw-2.log"):
        assert all(text.split(" ", 1)[1][:6].strip().isdigit() for text in lines(quarter[0], f"logs/gateway/{file}"))
