"""The helper beside Squid answers for known customers only, follows its file, and never dies of what stands in it."""

import hashlib
import hmac
import os
import shutil
import subprocess
import time

import pytest

from policies import KEY, SUBSCRIBERS
from whosaw.edge import lookup

DEBIAN = "/usr/bin/python3"


@pytest.fixture
def helper(tmp_path):
    """The helper as Squid runs it: the file alone, with Debian's Python if there is one."""
    (tmp_path / "subscribers.csv").write_text(SUBSCRIBERS)
    (tmp_path / "log.key").write_text(KEY + "\n")
    program = shutil.copy(lookup.__file__, tmp_path / "lookup")
    running = []

    def started(*arguments):
        python = DEBIAN if os.path.exists(DEBIAN) else "python3"  # noqa: PTH110
        with (tmp_path / "talk").open("w") as talk:
            process = subprocess.Popen(
                [python, "-I", str(program), *map(str, arguments)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=talk, text=True, bufsize=1, cwd=tmp_path,
            )  # fmt: skip
        running.append(process)

        def ask(line):
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().rstrip("\n")

        return ask

    yield started
    for process in running:
        process.stdin.close()
        assert process.wait(10) == 0
        process.stdout.close()


def test_a_known_address_is_answered_with_what_partners_may_be_told(helper):
    ask = helper("subscribers", "subscribers.csv", "log.key", "msisdn:e164", "acr:sha256")
    token = hmac.new(KEY.encode(), b"447700900002", hashlib.sha256).hexdigest()
    assert ask("7 127.0.0.2 -") == f"7 OK msisdn_e164=447700900002 acr_sha256=acr2 sent={token}"
    assert ask("8 127.0.0.9 -") == "8 ERR"


@pytest.mark.parametrize("line", ["", "7", "7 ", "7 not-an-address -", "7 127.0.0.2 more words", "7 " + "x" * 5000, "\x00\x01"])
def test_a_question_that_makes_no_sense_is_answered_no(helper, line):
    ask = helper("subscribers", "subscribers.csv", "-", "msisdn:e164")
    assert ask(line).endswith("ERR")
    assert ask("9 127.0.0.2 -") == "9 OK msisdn_e164=447700900002"


def test_an_address_that_changes_hands_is_answered_anew(helper, tmp_path):
    ask = helper("subscribers", "subscribers.csv", "-", "msisdn:e164")
    assert ask("1 127.0.0.2").endswith("447700900002")
    (tmp_path / "new").write_text("address,msisdn\n127.0.0.2,447700900077\n")
    (tmp_path / "new").replace(tmp_path / "subscribers.csv")
    end = time.monotonic() + 20
    while (answer := ask("2 127.0.0.2")).endswith("900002") and time.monotonic() < end:
        time.sleep(0.02)
    assert answer == "2 OK msisdn_e164=447700900077"


def test_a_file_that_is_gone_leaves_the_last_good_one_and_is_said_without_a_number(helper, tmp_path):
    ask = helper("subscribers", "subscribers.csv", "-", "msisdn:e164")
    assert ask("1 127.0.0.2").endswith("OK msisdn_e164=447700900002")
    (tmp_path / "subscribers.csv").write_text("what is this\n")
    talk = tmp_path / "talk"
    end = time.monotonic() + 20
    while not talk.read_text() and time.monotonic() < end:
        assert ask("2 127.0.0.2").endswith("OK msisdn_e164=447700900002")
    assert "subscribers.csv" in talk.read_text()
    assert "4477" not in talk.read_text()


@pytest.mark.parametrize("missing", ["subscribers.csv", "log.key"])
def test_before_a_file_can_be_read_nobody_is_known_and_then_it_counts(helper, tmp_path, missing):
    (tmp_path / missing).rename(tmp_path / "aside")
    ask = helper("subscribers", "subscribers.csv", "log.key", "msisdn:e164")
    assert ask("1 127.0.0.2") == "1 ERR"
    assert f"{missing} (FileNotFoundError); nobody is known" in (tmp_path / "talk").read_text()
    (tmp_path / "aside").rename(tmp_path / missing)
    end = time.monotonic() + 20
    while ask("2 127.0.0.2") == "2 ERR" and time.monotonic() < end:
        time.sleep(0.02)
    assert ask("3 127.0.0.2").startswith("3 OK msisdn_e164=447700900002 sent=")


def test_rows_that_make_no_sense_are_counted_and_tell_nothing(tmp_path):
    path = tmp_path / "s.csv"
    rows = ("here,447700900001", "192.0.2.1,", "192.0.2.2,44 7700", "192.0.2.3,447700900003", "192.0.2.3,447700900004")
    path.write_text("\n".join(["address,msisdn", *rows, "2001:DB8::1,+447700900005"]))
    values, rejected = lookup.read(path, ["msisdn"])
    assert values == {"2001:db8::1": {"msisdn": "447700900005"}}
    assert rejected == [(2, "address is none"), (3, "msisdn is no number"), (4, "msisdn is no number"), (6, "address stands twice")]


@pytest.mark.parametrize("value", ["a b", 'a"b', "a'b", "a\\b", "a;b", "a%b", "a$b", "{a", "a}", "naïve", "a\tb", "a\x7f"])
def test_a_value_that_would_break_a_configuration_or_a_header_is_refused(tmp_path, value):
    path = tmp_path / "s.csv"
    path.write_text(f"address,acr\n192.0.2.1,{value}\n".replace('"', '""'))
    assert lookup.read(path, ["acr"]) == ({}, [(2, "acr cannot stand in a header")])


def test_every_other_printable_sign_may_stand_in_a_value(tmp_path):
    value = "".join(chr(i) for i in range(33, 127) if chr(i) not in "\"'\\;{}$%,").lstrip("+")
    (tmp_path / "s.csv").write_text(f"address,acr\n192.0.2.1,{value}\n")
    assert lookup.read(tmp_path / "s.csv", ["acr"]) == ({"192.0.2.1": {"acr": value}}, [])


@pytest.mark.parametrize("address", ["192.0.2.256", "192.0.2", "192.0.2.01", "192.0.2.1\n192.0.2.2", "192.0.2.1/32", "", "::g"])
def test_an_address_that_is_none_is_nobodys(tmp_path, address):
    (tmp_path / "s.csv").write_text(f'address,msisdn\n"{address}",447700900001\n')
    assert lookup.read(tmp_path / "s.csv", ["msisdn"])[0] == {}


@pytest.mark.parametrize(
    ("host", "address", "holds"),
    [
        ("music.example", "192.0.2.7", True),
        ("MUSIC.example.:80", "192.0.2.7", True),
        ("music.example", "192.0.2.8", False),
        ("a.music.example", "192.0.2.7", False),
        ("a.b.tickets.example", "2001:db8::1", True),
        ("tickets.example", "2001:db8::1", True),
        ("games.example", "198.51.100.9", False),
        ("a.games.example", "198.51.100.9", True),
        ("a.games.example", "nowhere", False),
    ],
)
def test_a_host_is_pinned_to_its_networks(helper, tmp_path, host, address, holds):
    (tmp_path / "pins.txt").write_text(
        "1 music.example 192.0.2.7/32\n1 .tickets.example 2001:db8::/32\n1 *.games.example 198.51.100.0/24\n"
    )
    ask = helper("pins", "pins.txt")
    assert ask(f"3 {host} {address} 1") == ("3 OK" if holds else "3 ERR")
    assert ask(f"4 {host} {address} 2") == "4 ERR", "the pins of one group say nothing of another"
