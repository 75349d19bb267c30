"""Lines reach files that are rotated and disks that are full, receivers of syslog, and functions."""

import errno
import json
import os
import socket
import threading

import pytest

from whosaw.middleware.lines import SettingError
from whosaw.middleware.sink import Each, Files, Syslog, sink_of
from whosaw.watch.syslog import Frames, parse

SHOWN = {"seen_at": "2026-01-02T03:04:05Z", "outcome": "shown", "n": 1}
STOPPED = SHOWN | {"outcome": "stopped"}


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_was_shown_and_what_was_stopped_lie_apart_and_only_the_owner_reads_them(tmp_path):
    files = Files(tmp_path / "a" / "b")
    assert files.write([SHOWN, STOPPED, SHOWN, SHOWN | {"outcome": "lost"}]) == 4
    assert [line["outcome"] for line in read(tmp_path / "a" / "b" / "shown.jsonl")] == ["shown", "shown", "lost"]
    assert read(tmp_path / "a" / "b" / "stopped.jsonl") == [STOPPED]
    assert (tmp_path / "a" / "b" / "shown.jsonl").stat().st_mode & 0o077 == 0


def test_a_file_that_is_moved_away_or_emptied_is_followed(tmp_path):
    files, path = Files(tmp_path), tmp_path / "shown.jsonl"
    files.write([SHOWN])
    path.rename(tmp_path / "shown.jsonl.1")
    files.write([SHOWN, SHOWN])
    assert (len(read(path)), len(read(tmp_path / "shown.jsonl.1"))) == (2, 1)
    os.truncate(path, 0)
    files.write([SHOWN])
    assert read(path) == [SHOWN]


def test_a_line_that_a_full_disk_tore_is_ended_and_written_again(tmp_path, monkeypatch):
    files, write, room = Files(tmp_path), os.write, [70]

    def on_a_small_disk(file, text):
        if not room[0]:
            raise OSError(errno.ENOSPC, "no space left")
        sent = write(file, text[: room[0]])
        room[0] -= sent
        return sent

    monkeypatch.setattr(os, "write", on_a_small_disk)
    lines = [SHOWN | {"n": n} for n in range(3)]
    assert files.write(lines) == 1
    assert files.write(lines[1:]) == 0
    room[0] = 1000
    assert files.write(lines[1:]) == 2
    first, torn, second, third = (tmp_path / "shown.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in (first, second, third)] == lines
    assert second.startswith(torn)


def test_a_disk_that_is_really_full_takes_nothing_and_loses_nothing(tmp_path):
    files = Files(tmp_path)
    (tmp_path / "shown.jsonl").symlink_to("/dev/full")
    assert files.write([SHOWN]) == 0
    (tmp_path / "shown.jsonl").unlink()
    assert files.write([SHOWN]) == 1
    assert read(tmp_path / "shown.jsonl") == [SHOWN]


def test_a_folder_that_cannot_be_made_is_said_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingError, match="cannot make the folder"):
        Files(tmp_path / "file" / "folder")


def test_a_function_that_raises_keeps_no_other_line_back():
    taken = []

    def take(line):
        taken.append(line)
        if line["n"] == 2:
            raise ValueError

    each = Each(take)
    assert each.write([SHOWN | {"n": n} for n in (1, 2, 3)]) == 3
    assert ([line["n"] for line in taken], each.refused) == ([1, 2, 3], 1)


def test_a_sink_is_told_by_what_is_given(tmp_path):
    assert isinstance(sink_of(tmp_path / "x"), Files)
    assert isinstance(sink_of(str(tmp_path / "y")), Files)
    assert isinstance(sink_of("tcp://127.0.0.1:6514"), Syslog)
    assert isinstance(sink_of(print), Each)
    itself = Files(tmp_path)
    assert sink_of(itself) is itself
    with pytest.raises(SettingError, match="is no address of a syslog receiver"):
        sink_of("http://127.0.0.1:1")


def received(listening):
    """All frames of the next connection."""
    link, _ = listening.accept()
    frames, found = Frames(), []
    with link:
        while data := link.recv(65536):
            found += frames.feed(data)
    return found


def test_the_watch_reads_what_is_sent_as_syslog():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        got = []
        thread = threading.Thread(target=lambda: got.extend(received(listening)))
        thread.start()
        sink = Syslog(f"tcp://127.0.0.1:{listening.getsockname()[1]}")
        assert sink.write([SHOWN, STOPPED]) == 2
        sink._close()
        thread.join()
    messages = [parse(frame) for frame in got]
    assert [message.app for message in messages] == ["whosaw-portal", "whosaw-portal-stopped"]
    assert [json.loads(message.line) for message in messages] == [SHOWN, STOPPED]


def test_a_receiver_that_is_not_there_takes_nothing_and_is_found_when_it_is():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    sink = Syslog(f"tcp://127.0.0.1:{port}", timeout=1)
    assert sink.write([SHOWN]) == 0
    with socket.create_server(("127.0.0.1", port)) as listening:
        assert sink.write([SHOWN]) == 1
        sink._close()
        (frame,) = received(listening)
    assert json.loads(parse(frame).line) == SHOWN


def test_a_datagram_holds_one_message():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        sink = Syslog(f"udp://127.0.0.1:{receiver.getsockname()[1]}")
        assert sink.write([SHOWN]) == 1
        assert json.loads(parse(receiver.recv(65536)).line) == SHOWN
        sink._close()
