"""What are the bytes of an input?"""

import gzip
import hashlib
import os
import time
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from whosaw.engine import inputs
from whosaw.engine.fingerprint import Fingerprint, fingerprint
from whosaw.engine.inputs import DAMAGED, LONGEST_LINE, Input, Known, Likeness, matching
from whosaw.errors import InputError

TEXT = b"".join(b"line %d, with a few more words in it\n" % i for i in range(20_000))


def lines_of(source, **how):
    return [block.raw(n) for block in source.blocks(**how) for n in range(block.first, block.first + len(block))]


def as_file(folder, data, name="log"):
    path = folder / name
    path.write_bytes(data)
    return path


def engine_lines(path):
    """Line number -> text, as the engine gets them."""
    from whosaw.engine.duckdb import Engine

    engine, found = Engine(), {}
    for block in Input(path).blocks():
        engine.offer("lines", block.arrow())
        found |= dict(engine.rows("select n, line from lines"))
        engine.withdraw("lines")
    engine.close()
    return found


# --- lines ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n", [b"a"]),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"a\rb\n", [b"a\rb"]),
        (b"\xef\xbb\xbfa\nb\n", [b"a", b"b"]),
        (b"a\x00b\n", [b"a\x00b"]),
        (b"\n\na\n", [b"", b"", b"a"]),
    ],
)
def test_lines_end_where_a_line_feed_stands_and_nowhere_else(tmp_path, data, expected):
    assert lines_of(Input(as_file(tmp_path, data))) == expected


@given(st.binary(max_size=300))
def test_any_bytes_are_cut_into_the_lines_that_python_sees(tmp_path_factory, data):
    source = Input(as_file(tmp_path_factory.mktemp("any"), b"x" + data))
    expected = (b"x" + data).split(b"\n")
    expected = expected[:-1] if expected[-1] == b"" else expected
    assert lines_of(source) == [line.removesuffix(b"\r") for line in expected]
    assert source.digest.hexdigest() == fingerprint(b"x" + data)


@given(st.binary(max_size=300))
def test_the_engine_gets_each_line_that_is_utf8_and_no_other(tmp_path_factory, data):
    found = engine_lines(as_file(tmp_path_factory.mktemp("any"), data.removeprefix(b"\xef\xbb\xbf")))
    for n, raw in enumerate(lines_of(Input(as_file(tmp_path_factory.mktemp("any"), data.removeprefix(b"\xef\xbb\xbf")))), start=1):
        try:
            assert found.get(n) == raw.decode()
        except UnicodeDecodeError:
            assert n not in found


def test_blocks_of_any_size_hold_the_same_lines(tmp_path, monkeypatch):
    path = as_file(tmp_path, b"one\ntwo\r\n\nf\xc3\xbcnf\n" * 30 + b"end")
    whole = lines_of(Input(path))
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr(inputs, "BLOCK", size)
        assert lines_of(Input(path)) == whole


def test_the_engine_sees_the_same_lines_however_they_are_batched(tmp_path, monkeypatch):
    path = as_file(tmp_path, b"one\ntwo\r\n\nf\xc3\xbcnf\nb\xffad\nend")
    whole = engine_lines(path)
    assert whole == {1: "one", 2: "two", 3: "", 4: "fünf", 6: "end"}
    monkeypatch.setattr("whosaw.engine.block.BATCH_LINES", 2)
    assert engine_lines(path) == whole


def test_a_heading_is_left_out_and_the_numbers_stay_those_of_the_file(tmp_path):
    (block,) = Input(as_file(tmp_path, b"heading\n\none\ntwo\n")).blocks(skip=2)
    assert (block.first, len(block), block.raw(3), block.raw(4)) == (3, 2, b"one", b"two")


def test_a_line_of_ten_megabytes_is_odd_and_its_neighbours_are_not(tmp_path):
    source = Input(as_file(tmp_path, b"before\n" + b"x" * 10_000_000 + b"\nafter\n"))
    (block,) = source.blocks()
    assert block.odd_lines() == [2]
    assert block.too_long(2)
    assert not block.too_long(3)
    assert block.raw(3) == b"after"


def test_an_endless_line_is_not_kept_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "BLOCK", 1 << 19)
    blocks = list(Input(as_file(tmp_path, b"y" * (8 << 20) + b"\nafter\n")).blocks())
    assert sum(len(block.data) for block in blocks) < 5 << 20
    assert [block.too_long(n) for block in blocks for n in range(block.first, block.first + len(block))] == [True, False]


def test_a_line_just_as_long_as_allowed_is_no_odd_one(tmp_path):
    (block,) = Input(as_file(tmp_path, b"a" * LONGEST_LINE + b"\n" + b"a" * (LONGEST_LINE + 1) + b"\n")).blocks()
    assert [block.too_long(1), block.too_long(2)] == [False, True]
    assert block.odd_lines() == [2]


# --- compressed -----------------------------------------------------------------------------------------------------

PACKERS = {"gz": gzip.compress, "zst": zstandard.ZstdCompressor().compress}


@pytest.mark.parametrize("kind", PACKERS)
def test_what_is_compressed_is_recognised_by_its_bytes_and_has_the_digest_of_its_content(tmp_path, kind):
    source = Input(as_file(tmp_path, PACKERS[kind](TEXT), "log.txt"))
    assert b"".join(line + b"\n" for line in lines_of(source)) == TEXT
    assert source.digest.hexdigest() == fingerprint(TEXT)
    assert source.broken == ""


@pytest.mark.parametrize("kind", PACKERS)
def test_archives_written_one_behind_the_other_are_one_log(tmp_path, kind):
    source = Input(as_file(tmp_path, PACKERS[kind](b"one\n") + PACKERS[kind](b"two\n") + PACKERS[kind](b"three\n")))
    assert lines_of(source) == [b"one", b"two", b"three"]
    assert source.broken == ""


@pytest.mark.parametrize("kind", PACKERS)
def test_what_stands_behind_an_archive_is_told_and_costs_no_line(tmp_path, kind):
    source = Input(as_file(tmp_path, PACKERS[kind](TEXT) + b"garbage"))
    assert len(lines_of(source)) == 20_000
    assert source.broken == DAMAGED


def test_padding_behind_a_gzip_is_no_damage(tmp_path):
    source = Input(as_file(tmp_path, gzip.compress(TEXT) + b"\0" * 512))
    assert len(lines_of(source)) == 20_000
    assert source.broken == ""


@pytest.mark.parametrize("cut", [1, 4, 8])
def test_a_gzip_that_lacks_only_its_end_keeps_every_line(tmp_path, cut):
    source = Input(as_file(tmp_path, gzip.compress(TEXT)[:-cut]))
    assert len(lines_of(source)) == 20_000
    assert source.broken == DAMAGED


@pytest.mark.parametrize("kind", PACKERS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_cut_off_archive_keeps_what_came_before_and_tells_the_damage(tmp_path, kind, share):
    noise = b"".join(hashlib.sha256(b"%d" % i).hexdigest().encode() + b"\n" for i in range(20_000))
    packed = PACKERS[kind](noise)
    source = Input(as_file(tmp_path, packed[: int(len(packed) * share)]))
    kept = lines_of(source)
    assert source.broken == DAMAGED
    assert kept[:-1] == noise.split(b"\n")[: len(kept) - 1]
    assert len(kept) > 20_000 * share * 0.75


@pytest.mark.parametrize("kind", PACKERS)
def test_an_archive_damaged_in_the_middle_keeps_what_came_before(tmp_path, kind):
    noise = b"".join(hashlib.sha256(b"%d" % i).hexdigest().encode() + b"\n" for i in range(20_000))
    packed = bytearray(PACKERS[kind](noise))
    half = len(packed) // 2
    packed[half : half + 64] = b"\xff" * 64
    source = Input(as_file(tmp_path, bytes(packed)))
    kept = lines_of(source)
    assert source.broken == DAMAGED
    assert len(kept) > 7_000
    assert kept[:7_000] == noise.split(b"\n")[:7_000]


@pytest.mark.parametrize("magic", [b"\x1f\x8b", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x28\xb5\x2f\xfd\x00"])
def test_nothing_but_a_magic_is_damage_and_no_line(tmp_path, magic):
    source = Input(as_file(tmp_path, magic))
    assert lines_of(source) == []
    assert source.broken == DAMAGED
    assert source.sample() == []


@given(st.binary(max_size=200), st.sampled_from([b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b""]))
def test_no_bytes_at_all_make_reading_raise(tmp_path_factory, data, magic):
    source = Input(as_file(tmp_path_factory.mktemp("any"), magic + data))
    list(source.blocks())
    source.sample()
    source.head()
    source.heading()
    source.whole()


# --- what is known: the same, grown, another ------------------------------------------------------------------------


def known(data):
    mark = Fingerprint()
    mark.update(data)
    return Known(mark.size, mark.hexdigest(), mark.state)


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(inputs, "BLOCK", 16)
    monkeypatch.setattr("whosaw.engine.fingerprint.BLOCK", 16)


LINES = b"".join(b"line %d\n" % i for i in range(20))


@pytest.mark.parametrize("pack", [bytes, *PACKERS.values()], ids=["plain", *PACKERS])
@pytest.mark.parametrize("n", [0, 1, 7, 16, 32, 50, len(LINES)])
def test_a_content_is_known_again_by_its_end(tmp_path, small_pieces, pack, n):
    source = Input(as_file(tmp_path, pack(LINES)))
    assert source.likeness(known(LINES[:n])) is (Likeness.SAME if n == len(LINES) else Likeness.GROWN)
    assert source.likeness(known(LINES + b"x")) is Likeness.SHORTER
    if n:
        assert source.likeness(known(LINES[: n - 1] + b"?")) is Likeness.OTHER


@pytest.mark.parametrize("pack", [bytes, *PACKERS.values()], ids=["plain", *PACKERS])
@pytest.mark.parametrize("n", range(0, len(LINES), 3))
def test_reading_goes_on_behind_what_is_known_and_takes_a_half_line_whole(tmp_path, small_pieces, pack, n):
    begin = LINES[:n]
    line = begin.count(b"\n") + 1
    source = Input(as_file(tmp_path, pack(LINES)))
    blocks = list(source.blocks(known=known(begin), line=line))
    numbers = [i for block in blocks for i in range(block.first, block.first + len(block))]
    assert numbers == list(range(line, 21))
    assert [block.raw(i) for block in blocks for i in range(block.first, block.first + len(block))] == LINES.splitlines()[line - 1 :]
    assert (source.digest.hexdigest(), source.bytes_read) == (fingerprint(LINES), len(LINES))


def test_a_half_line_that_began_long_before_stays_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr("whosaw.engine.fingerprint.BLOCK", 16)
    for room in ("inputs", "block"):
        monkeypatch.setattr(f"whosaw.engine.{room}.LONGEST_LINE", 40)
    begin = b"a\n" + b"b" * 100
    (block,) = Input(as_file(tmp_path, begin + b"c\n")).blocks(known=known(begin), line=2)
    assert (block.first, len(block), block.too_long(2)) == (2, 1, True)


def test_a_file_that_changed_meanwhile_is_not_read_on(tmp_path):
    with pytest.raises(InputError, match="has changed while it was read"):
        list(Input(as_file(tmp_path, LINES)).blocks(known=known(b"another\n"), line=2))


def test_a_last_line_without_an_end_is_a_block_of_its_own(tmp_path):
    blocks = list(Input(as_file(tmp_path, b"a\nb\nc")).blocks())
    assert [(block.first, len(block), block.unfinished) for block in blocks] == [(1, 2, False), (3, 1, True)]


def test_a_byte_order_mark_that_arrives_in_pieces_is_none_of_the_line(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "BLOCK", 2)
    assert lines_of(Input(as_file(tmp_path, inputs.BOM_UTF8 + b"a\nb\n"))) == [b"a", b"b"]
    begin = inputs.BOM_UTF8 + b"a"
    assert lines_of(Input(as_file(tmp_path, begin + b"b\n")), known=known(begin)) == [b"ab"]


# --- what cannot be opened ------------------------------------------------------------------------------------------


def test_a_folder_is_refused_with_the_way_to_name_its_files(tmp_path):
    with pytest.raises(InputError, match="is a folder, expected a file") as problem:
        Input(tmp_path)
    assert f"{tmp_path}/*" in problem.value.hint


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read `.*`: no such file"):
        Input(tmp_path / "none.log")


def test_a_file_that_vanishes_before_it_is_read_is_an_input_error(tmp_path):
    source = Input(as_file(tmp_path, b"a\n"))
    source.path.unlink()
    with pytest.raises(InputError, match="no such file"):
        list(source.blocks())


def test_a_disk_that_fails_half_way_keeps_the_lines_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(inputs, "BLOCK", 8)
    source = Input(as_file(tmp_path, b"one\ntwo\nthree\n"))

    class Failing:
        def __init__(self, inner):
            self.inner, self.left = inner, 1

        def read(self, size):
            self.left -= 1
            if self.left < 0:
                raise OSError(5, "Input/output error")
            return self.inner.read(size)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.inner.close()

    monkeypatch.setattr(source, "_open", lambda: Failing(source.path.open("rb")))
    assert lines_of(source) == [b"one", b"two"]
    assert source.broken == "cannot be read to its end: input/output error"


def test_a_named_pipe_and_a_device_are_told_apart_from_nothing(tmp_path):
    assert lines_of(Input(Path(os.devnull))) == []


# --- samples and patterns -------------------------------------------------------------------------------------------


def test_a_sample_leaves_out_blank_lines_and_cuts_endless_ones(tmp_path):
    sample = Input(as_file(tmp_path, b"\n\none\n" + b"z" * 200_000 + b"\n")).sample()
    assert sample[0] == b"one"
    assert len(sample[1]) == inputs.LONGEST_SAMPLED


def test_guessing_the_format_of_an_endless_line_takes_no_time(tmp_path):
    from whosaw import readers

    started = time.perf_counter()
    for text in (b'1.2.3.4 - - [10/Jan/2012:10:00:00 +0000] "GET ' + b"/a b" * 100_000, b"{" * 400_000, b'"' * 400_000, b"," * 400_000):
        readers.detect(Input(as_file(tmp_path, text)).sample())
    assert time.perf_counter() - started < 10


def test_the_heading_is_the_first_line_that_is_not_blank(tmp_path):
    assert Input(as_file(tmp_path, b"\xef\xbb\xbf\n\r\nlogin,account\r\nanna,A1\n")).heading() == (3, b"login,account")
    assert Input(as_file(tmp_path, b"\n\n")).heading() == (0, b"")


def test_a_document_beyond_the_limit_is_said_to_be_broken(tmp_path):
    source = Input(as_file(tmp_path, b"x" * 100))
    assert source.whole(limit=10) == b""
    assert source.broken == "document is larger than 1 GiB"


def test_a_pattern_is_relative_to_the_folder_and_sorted(tmp_path):
    for name in ("b.log", "a.log", "c.txt"):
        as_file(tmp_path, b"", name)
    assert matching(tmp_path, "*.log") == [tmp_path / "a.log", tmp_path / "b.log"]
    assert matching(tmp_path, str(tmp_path / "*.txt")) == [tmp_path / "c.txt"]


def test_a_folder_or_file_whose_name_looks_like_a_pattern_is_taken_by_its_name(tmp_path):
    folder = tmp_path / "logs [old]"
    folder.mkdir()
    as_file(folder, b"", "access[1].log")
    assert matching(folder, "access[1].log") == [folder / "access[1].log"]
    assert matching(folder, "*.log") == [folder / "access[1].log"]
