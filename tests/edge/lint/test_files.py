"""Is a file read whole, or told as unreadable, and never an error?"""

import pytest

from whosaw.edge.lint import files


@pytest.mark.parametrize("name", ["gone", "\0", ".", "x" * 5000])
def test_what_cannot_be_read_is_nothing(tmp_path, name):
    assert files.text(tmp_path / name) is None
    assert files.entries(tmp_path / name) is None


def test_a_pattern_is_looked_up_in_the_first_folder_that_has_some(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.conf").touch()
    assert files.matching("*.conf", tmp_path, tmp_path / "a") == [tmp_path / "a" / "x.conf"]
    assert files.matching(str(tmp_path / "a" / "x.conf"), tmp_path) == [tmp_path / "a" / "x.conf"]
    assert files.matching("\0*", tmp_path) == []


def test_a_broken_character_costs_only_itself(tmp_path):
    (tmp_path / "list").write_bytes(b"a.example\nb\xff.example\n")
    assert [entry.text for entry in files.entries(tmp_path / "list")] == ["a.example", "b\ufffd.example"]
