import pytest
from hypothesis import given
from hypothesis import strategies as st

from whosaw.layout import ROLE_NAMES, guess_roles


def test_roles_are_guessed_by_name_however_it_is_spelled():
    fields = ["createdAt", "User ID", "request.remote_ip", "status"]
    assert guess_roles(fields, clocks={"createdAt": "iso"}) == {
        "time": "createdAt",
        "client": "request.remote_ip",
        "recipient": "User ID",
        "status": "status",
    }


def test_digits_under_another_name_are_not_taken_for_the_time():
    assert "time" not in guess_roles(["number", "id"], clocks={"number": "epoch_ms", "id": "epoch"})


def test_dates_under_another_name_are():
    assert guess_roles(["number", "happened"], clocks={"number": "epoch", "happened": "iso"})["time"] == "happened"


def test_the_only_dates_are_the_time_even_under_the_name_of_another_part():
    assert guess_roles(["session", "login"], clocks={"session": "iso"}) == {"time": "session", "recipient": "login"}


def test_a_field_named_time_that_holds_none_is_not_the_time():
    assert guess_roles(["time", "logged"], clocks={"logged": "iso"})["time"] == "logged"
    assert guess_roles(["time"], clocks={"time": ""}) == {}


def test_the_surer_name_wins_whatever_the_order_of_the_fields():
    assert guess_roles(["login", "remote_user"], clocks={})["recipient"] == "remote_user"


def test_a_whole_name_wins_over_the_end_of_a_dotted_one():
    assert guess_roles(["upstream.status", "status"], clocks={})["status"] == "status"
    assert guess_roles(["upstream.status"], clocks={})["status"] == "upstream.status"


def test_of_two_spellings_the_first_field_wins():
    assert guess_roles(["UserId", "user_id"], clocks={})["recipient"] == "UserId"


def test_a_request_line_plays_no_part_beside_method_and_address():
    assert guess_roles(["request"], clocks={}) == {"request": "request"}
    assert guess_roles(["request", "method", "uri"], clocks={}) == {"method": "method", "uri": "uri"}


def test_other_names_may_be_the_usual_ones():
    assert guess_roles(["agent", "msisdn"], clocks={}, names={"recipient": ["agent"], "customer": ["msisdn"]}) == {
        "recipient": "agent",
        "customer": "msisdn",
    }


@given(fields=st.lists(st.sampled_from([name for names in ROLE_NAMES.values() for name in names]) | st.text(), unique=True))
def test_one_field_plays_one_part(fields):
    roles = guess_roles(fields, clocks=dict.fromkeys(fields, "iso"))
    assert set(roles.values()) <= set(fields)
    assert len(set(roles.values())) == len(roles)


@pytest.mark.parametrize("role", list(ROLE_NAMES))
def test_every_usual_name_alone_is_enough(role):
    for name in ROLE_NAMES[role]:
        taken = guess_roles([name], clocks={name: "iso"} if role == "time" else {})
        first = next(other for other, names in ROLE_NAMES.items() if name in names)
        assert taken[first] == name
