from pathlib import Path

import pytest

from whosaw.watch.found import look, reason


def names(folder, *patterns):
    found, problems = look(folder, patterns)
    return sorted(str(Path(one.path).relative_to(folder)) for one in found.values()), problems


@pytest.fixture
def folder(tmp_path):
    for name in ("gw-1/a.log", "gw-1/.hidden.log", "gw-2/a.log", "gw-2/a.log.1", "b[1].log", "b1.log"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_a_pattern_may_name_files_in_many_folders(folder):
    assert names(folder, "gw-*/a.log*") == (["gw-1/a.log", "gw-2/a.log", "gw-2/a.log.1"], {})


def test_a_folder_means_the_files_in_it_but_for_hidden_ones(folder):
    assert names(folder, "gw-1") == (["gw-1/a.log"], {})
    assert names(folder, "gw-2/") == (["gw-2/a.log", "gw-2/a.log.1"], {})


def test_a_name_that_holds_the_signs_of_a_pattern_means_that_file(folder):
    assert names(folder, "b[1].log")[0] == ["b[1].log"]


def test_an_absolute_pattern_is_one(folder):
    assert names(folder, f"{folder}/gw-?/a.log")[0] == ["gw-1/a.log", "gw-2/a.log"]


def test_a_pattern_without_a_file_is_told(folder):
    assert names(folder, "nothing/*.log") == ([], {"nothing/*.log": "no file has this name"})


def test_a_folder_may_be_empty_and_a_missing_one_is_told(folder):
    (folder / "empty").mkdir()
    assert names(folder, "empty", "missing") == ([], {"missing": "no file has this name"})


def test_a_link_to_nothing_is_no_file(folder):
    (folder / "gw-1" / "old.log").symlink_to("gone")
    assert names(folder, "gw-1/*.log")[0] == ["gw-1/a.log"]


def test_a_link_yields_to_the_files_own_name_whatever_the_order(folder):
    (folder / "gw-1" / "0.log").symlink_to("a.log")
    assert names(folder, "gw-1/*.log")[0] == ["gw-1/a.log"]
    assert names(folder, "gw-1/0.log")[0] == ["gw-1/0.log"]


def test_a_folder_that_may_not_be_listed_is_told(folder, monkeypatch):
    def refused(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.scandir", refused)
    assert names(folder, "gw-1") == ([], {str(folder / "gw-1"): "permission denied"})
    assert reason(OSError()) == "unknown reason"
