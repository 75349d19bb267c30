"""Which files are read, and as what?"""

import pytest

from small_operator import judged, line, operator, portal, read_counts
from whosaw.errors import ConfigError

HERS = line("10:00", "anna", account="A1")


def only(**changes):
    return {"source": [portal(**changes)]}


def test_a_file_of_which_nothing_can_be_read_is_left_out_and_said_to_be(tmp_path):
    operator(tmp_path, [HERS])
    (tmp_path / "portal-b.log").write_bytes(b"\x89PNG\r\n" + bytes(range(256)) * 10)
    result = judged(tmp_path)
    assert read_counts(result) == (1, 1, 0, 0)
    assert result.doubts == ["left out: `portal-b.log`: no line of it reads as jsonl"]


def test_a_folder_among_the_files_is_left_out_and_said_to_be(tmp_path):
    operator(tmp_path, [HERS])
    (tmp_path / "portal-old.log").mkdir()
    (doubt,) = judged(tmp_path).doubts
    assert doubt.startswith("left out: ")
    assert "is a folder" in doubt


def test_a_format_that_is_not_known_is_a_config_error_that_lists_the_known(tmp_path):
    operator(tmp_path, ["x"])
    with pytest.raises(ConfigError, match="which is no known format") as problem:
        judged(tmp_path, only(format="syslogish"))
    assert "nginx" in problem.value.hint


def test_a_pattern_that_matches_nothing_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match=r"`source\[0\]\.files`: nothing matches `portal\*\.log\*`"):
        judged(tmp_path)


def test_a_file_that_two_patterns_name_is_read_once(tmp_path):
    operator(tmp_path, [HERS])
    assert read_counts(judged(tmp_path, only(files=["portal.log", "*.log"]))) == (1, 1, 0, 0)


def test_a_key_that_is_rare_in_json_lines_may_be_missing_from_a_file(tmp_path):
    operator(tmp_path, ['{"time": "2012-01-10T10:00:00Z", "login": "anna", "uri": "/style.css"}'])
    (tmp_path / "portal-b.log").write_text(HERS + "\n")
    assert read_counts(judged(tmp_path)) == (2, 1, 0, 1)
