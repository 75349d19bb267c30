"""Whose an address is follows the operator's file, and a file that is being written is not believed."""

import pytest

from policies import loaded
from whosaw.edge.icap.customers import Customers, customers
from whosaw.errors import ConfigError, InputError

ROWS = "address,msisdn\n" + "".join(f"10.0.0.{i},4477009001{i:02}\n" for i in range(30))


@pytest.fixture
def path(tmp_path):
    (tmp_path / "subscribers.csv").write_text(ROWS + "2001:DB8::7,+447700900777\n")
    return tmp_path / "subscribers.csv"


def test_an_address_is_known_however_it_is_written(path):
    known = Customers(path)
    assert known.number("10.0.0.7") == known.number("::ffff:10.0.0.7") == "447700900107"
    assert known.number("2001:db8:0:0::7") == "447700900777"
    assert known.number("10.9.9.9") == known.number("nobody") == known.number("") == ""


def test_a_changed_file_is_taken_over(path):
    known = Customers(path)
    assert not known.have_changed()
    path.write_text(ROWS.replace("447700900107", "447700900999"))
    assert known.have_changed()
    known.follow()
    assert not known.have_changed()
    assert (known.number("10.0.0.7"), known.problem) == ("447700900999", "")


@pytest.mark.parametrize("text", [ROWS[:200], "number\n1\n", ROWS.encode("utf-16")], ids=["half", "other columns", "no text"])
def test_a_file_that_makes_no_sense_leaves_the_last_good_one(path, text):
    known = Customers(path)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    known.follow()
    assert known.number("10.0.0.29") == "447700900129"
    assert known.problem
    assert "4477" not in known.problem
    path.write_text(ROWS + "10.1.1.1,447700900111\n")
    known.follow()
    assert (known.number("10.1.1.1"), known.problem) == ("447700900111", "")


def test_a_file_that_goes_away_for_a_moment_is_no_change(path):
    known = Customers(path)
    path.unlink()
    assert not known.have_changed()
    known.follow()
    assert "cannot read" in known.problem
    assert len(known) == 31


def test_what_cannot_be_read_at_the_start_is_one_message(tmp_path):
    with pytest.raises(InputError, match="cannot read the subscribers"):
        Customers(tmp_path / "nothing.csv")
    (tmp_path / "other.csv").write_text("a,b\n")
    with pytest.raises(ConfigError, match="no column"):
        Customers(tmp_path / "other.csv")


def test_nobody_is_shown(path):
    assert repr(Customers(path)) == "Customers(31 known)"


def test_a_policy_names_the_file(tmp_path):
    assert len(customers(loaded(tmp_path))) == 2
