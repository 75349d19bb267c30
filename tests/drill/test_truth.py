from whosaw.drill.truth import Case, conclude


def case():
    return Case("o2-headers-2012", ("enriched-request",), "gateway", "header")


def test_what_was_not_logged_counts_in_the_true_scope_only():
    leak = case()
    leak.seen("A2", "b.example", "note_msisdn").unlogged(1_000)
    leak.seen("A1", "a.example", "note_msisdn").logged(2_500, "gw.log", 7)
    leak.seen("A1", "a.example", "note_msisdn").logged(9_000, "gw.log", 9)
    scope = leak.incident()
    assert (scope.first_true, scope.first, scope.last) == (
        "1970-01-01T00:00:01+00:00",
        "1970-01-01T00:00:02.500+00:00",
        "1970-01-01T00:00:09+00:00",
    )
    assert (scope.rows, scope.customers, scope.customers_true, scope.recipients) == (2, ("A1",), ("A1", "A2"), ("a.example",))


def test_the_cause_is_what_most_rows_have_in_common():
    leak = Case("maxis-2010", ("account-mixup",), "portal", "route")
    for line, route in enumerate(("/b", "/a", "/a"), 1):
        leak.seen("A1", "u1", route).logged(line, "x.log", line)
    assert leak.incident().cause == {"kind": "route", "value": "/a"}


def test_a_leak_that_left_no_line_is_no_incident():
    leak = case()
    leak.seen("A1", "a.example", "note_msisdn").unlogged(1)
    truth = conclude(1, ["o2-headers-2012"], [leak], case(), [])
    assert truth.incidents == truth.unentitled_rows == ()


def test_a_mistake_is_an_unentitled_row_and_no_incident():
    mistake = case()
    mistake.seen("A1", "e-0001", "e-0001").logged(1, "audit.csv", 4)
    truth = conclude(1, [], [], mistake, [("gw.log", 0, 60)])
    assert (truth.incidents, truth.unentitled_rows, truth.mistakes) == ((), (("audit.csv", 4),), (("audit.csv", 4),))
    assert truth.gaps == (("gw.log", "1970-01-01T00:00:00+00:00", "1970-01-01T00:01:00+00:00"),)
