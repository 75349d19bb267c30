from drill.second_opinion import PORTAL, lines, rows
from whosaw.drill.clockwork import START
from whosaw.drill.dice import dice
from whosaw.drill.people import Line, Login
from whosaw.drill.portal import CacheHour, Mixup, Visit, session
from whosaw.drill.truth import Case

CASE = Case("x", ("x",), "portal", "route")
LOGIN = Login("u1", "A1", 0, None, (), "198.18.0.1", "Browser")


def page(t, account, request="GET /account"):
    return Visit(t, "198.18.0.1", "u" + account[1:], request, 200, "Browser", "s", account)


def test_only_junk_does_not_fit_the_layout(quarter):
    odd = [
        text
        for file in ("access.log.1.gz", "access.log")
        for text in lines(quarter[0], f"logs/portal/{file}")
        if not PORTAL.fullmatch(text)
    ]
    assert 1 <= len(odd) < 20
    assert not any("A1" in text.partition("shown=")[2] for text in odd)


def test_the_log_holds_tls_bytes_a_latin_1_byte_and_a_truncated_line(quarter):
    text = "\n".join(lines(quarter[0], "logs/portal/access.log"))
    assert r"\x16\x03\x01" in text
    assert "Té" in text
    assert '"GET /static/app.css HT\n' in text


def test_the_rotated_part_is_older_and_its_clock_stood_elsewhere(quarter):
    times = {}
    for file, _, t, row in rows(quarter[0], "portal"):
        times.setdefault((file, row["time"][-5:]), []).append(t)
    (old, new) = times[("logs/portal/access.log.1.gz", "+0100")], times[("logs/portal/access.log", "+0000")]
    assert len(times) == 2
    assert old + new == sorted(old + new)


def test_a_refusal_shows_nobodys_account(quarter):
    assert all(row["shown"] == "-" for *_, row in rows(quarter[0], "portal") if row["status"] != "200")
    assert {"302", "403", "404", "500"} <= {row["status"] for *_, row in rows(quarter[0], "portal")}


def test_a_cache_shows_everybody_the_one_who_came_first():
    hour = CacheHour(CASE, 100, 200, "/account", 0)
    visits = [page(90, "A9"), page(110, "A1"), page(120, "A2"), page(130, "A1"), page(140, "A3", "GET /account/bills"), page(200, "A4")]
    served = list(hour.serve(visits))
    assert [(visit.shown, visit.cache) for visit in served] == [
        ("A9", "-"),
        ("A1", "MISS"),
        ("A1", "HIT"),
        ("A1", "HIT"),
        ("A3", "-"),
        ("A4", "-"),
    ]
    assert [visit.seen is not None for visit in served] == [False, False, True, False, False, False]


def test_a_mix_up_changes_whole_sessions_of_the_struck_only_while_it_lasts():
    mixup = Mixup(CASE, 100, 200, frozenset({"u1"}), ["A7"])
    chance = dice(1, "x")
    assert mixup.stranger(LOGIN, 150, chance) == "A7"
    assert mixup.stranger(LOGIN, 99, chance) == mixup.stranger(LOGIN, 200, chance) == ""
    assert mixup.stranger(LOGIN._replace(name="u2"), 150, chance) == ""
    assert mixup.stranger(LOGIN._replace(account="A7"), 150, chance) == "", "drawing one's own account is no mix-up"


def test_a_session_is_one_login_and_stays_in_its_day():
    for turn in range(300):
        login = LOGIN._replace(lines=(Line("447700900001", "A1", 0),))
        visits = list(session(login, START, dice(turn, "x")))
        assert visits[0].request == "POST /login"
        assert len({visit.sid for visit in visits}) == 1
        assert visits[-1].t - START < 900
        assert {visit.shown for visit in visits} == {"-", "A1"}
