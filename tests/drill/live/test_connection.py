import threading

from whosaw.drill.live.connection import SharedConnection
from whosaw.drill.live.sessions import Session

ANN, BOB = Session("s1", "ann", "A1"), Session("s2", "bob", "A2")


def never():
    return False


def together(connection, turns):
    """Two sessions ask at once, turn by turn; the replies that were not theirs."""
    wrong, gate = [], threading.Barrier(2)

    def asks(session):
        for _ in range(turns):
            gate.wait()
            account, mixed = connection.ask(session, never)
            assert mixed == (account != session.account)
            if mixed:
                wrong.append((session.login, account))

    threads = [threading.Thread(target=asks, args=(session,)) for session in (ANN, BOB)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def test_a_sound_connection_never_mixes_replies_whoever_overlaps():
    assert together(SharedConnection(None), 40) == []


def test_a_faulty_one_mixes_the_set_share_of_replies_that_overlap():
    wrong = together(SharedConnection(0.1), 60)
    assert set(wrong) <= {("ann", "A2"), ("bob", "A1")}
    assert 3 <= len(wrong) <= 12, "each of 60 turns overlaps once or twice"


def test_one_question_after_the_other_is_answered_rightly_even_there():
    connection = SharedConnection(1.0)
    assert [connection.ask(session, never) for session in (ANN, BOB, ANN)] == [("A1", False), ("A2", False), ("A1", False)]


def test_the_reply_to_a_question_that_was_given_up_goes_to_the_next_one():
    connection = SharedConnection(1.0)
    connection.ask(ANN, lambda: True)
    assert connection.ask(BOB, never) == ("A1", True)
    assert connection.ask(BOB, never) == ("A2", False)


def test_two_sessions_of_one_account_cannot_be_mixed_up():
    connection = SharedConnection(1.0)
    connection.ask(ANN, lambda: True)
    assert connection.ask(Session("s3", "ann", "A1"), never) == ("A1", False)
