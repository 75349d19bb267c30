import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.watch import syslog
from whosaw.watch.syslog import Frames, Message, Refused, parse

HEAD = b"<134>1 2012-01-10T02:14:07.123Z gw1.example squid 812 - "


def read(limit, *pieces):
    frames = Frames(limit)
    return [found for piece in pieces for found in frames.feed(piece)] + list(frames.end())


# --- messages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"-", b'[a@1 b="c"]', b'[a@1 b="\\]\\"\\\\"][z]', b'[a@1 b="c" d="\xc3\xa9"]'],
)
def test_the_line_is_what_follows_the_structured_data(data):
    assert parse(HEAD + data + b" the line") == Message("gw1.example", "squid", b"the line")


def test_a_byte_order_mark_and_the_end_of_the_line_are_not_part_of_it():
    assert parse(HEAD + b"- \xef\xbb\xbfthe line\r\n\0") == Message("gw1.example", "squid", b"the line")


def test_one_message_is_one_line():
    assert parse(HEAD + b"- one\ntwo\r\nthree") == Message("gw1.example", "squid", b"one\\ntwo\\r\\nthree")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"<13>Oct 11 22:14:15 gw su: hello", syslog.OLD_FORM),
        (b"hello", syslog.NO_PRIORITY),
        (b"<192>1 - h a - - - x", syslog.NO_PRIORITY),
        (b"<13>2 - h a - - - x", syslog.NO_PRIORITY),
        (b"<13>1 yesterday h a - - - x", syslog.NO_HEADER),
        (HEAD + b'[a b="c] x', syslog.NO_DATA),
        (HEAD + b"x", syslog.NO_DATA),
        (HEAD + b"-", syslog.EMPTY),
        (HEAD + b"- \n", syslog.EMPTY),
    ],
)
def test_what_cannot_be_read_is_refused_for_a_reason_that_quotes_nothing(frame, reason):
    assert parse(frame) == Refused(reason)


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise(data):
    assert isinstance(parse(data), Refused | Message)
    assert isinstance(parse(HEAD + data), Refused | Message)


# --- frames ---------------------------------------------------------------------------------------------------------


def test_counted_and_lined_frames_may_come_mixed_and_in_any_pieces():
    stream = b"5 hello<1>a b\n3 x\ny\n<2>c\r\n"
    whole = [b"hello", b"<1>a b", b"x\ny", b"<2>c\r"]
    assert read(100, stream) == whole
    assert read(100, *(stream[i : i + 1] for i in range(len(stream)))) == whole


def test_a_message_that_is_too_long_is_passed_over_and_the_next_one_is_taken():
    refused = Refused("is longer than 10 bytes")
    assert read(10, b"11 <123456789>", b"3 abc") == [refused, b"abc"]
    assert read(10, b"<1>" + b"x" * 9, b"x" * 30, b"yy\n<2>a\n") == [refused, b"<2>a"]
    frames = Frames(10)
    list(frames.feed(b"9999999 " + b"x" * 100_000))
    assert len(frames._buffer) == 0


def test_what_the_end_of_a_connection_cuts_off_is_refused():
    assert read(100, b"10 abc") == [Refused(syslog.UNFINISHED)]
    assert read(100, b"<1>abc") == [Refused(syslog.UNFINISHED)]
    assert read(100, b"<1>abc\n") == [b"<1>abc"]


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_counted_frames_come_out_as_they_went_in(messages, cuts):
    stream = b"".join(b"%d %b" % (len(m), m) for m in messages if not m.startswith(b"\n"))
    pieces, i = [], 0
    while i < len(stream):
        pieces.append(stream[i : i + cuts[len(pieces) % len(cuts)]])
        i += len(pieces[-1])
    assert read(100, *pieces) == [m for m in messages if not m.startswith(b"\n")]


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_no_stream_makes_it_raise_or_keep_more_than_it_may(pieces):
    frames = Frames(20)
    for piece in pieces:
        list(frames.feed(piece))
        assert len(frames._buffer) <= 20 + 12 + 50
