from whosaw.drill.live.witness import CsvLines, Wrong, stamp


def test_a_row_is_on_disk_as_soon_as_it_happened_with_time_and_fault(parts):
    made = parts("former-owner")
    made.witness.saw(Wrong("r1", "portal", "/x", "ann", "A2", "former-owner"))
    assert made.wrong() == [
        {
            "time": "2012-01-10T12:00:00.000+00:00", "id": "r1", "channel": "portal", "route": "/x",
            "recipient": "ann", "customer": "A2", "fault": "former-owner",
        }
    ]  # fmt: skip


def test_what_no_switch_explains_is_not_put_down_to_one(parts):
    made = parts("former-owner")
    made.witness.saw(Wrong("r1", "portal", "/x", "ann", "A2", "cached-cookie"))
    assert made.wrong()[0]["fault"] == "none"


def test_times_are_in_utc_to_the_millisecond():
    assert stamp(1_326_196_800.25) == "2012-01-10T12:00:00.250+00:00"


def test_a_row_of_a_table_stays_one_line_whatever_somebody_sends(tmp_path):
    table = CsvLines(tmp_path / "audit.csv", ("agent", "reason"))
    table.write(("e-1", 'T-1\r\n"x",y\0'))
    table.close()
    assert (tmp_path / "audit.csv").read_text() == 'agent,reason\ne-1,"T-1  ""x"",y "\n'
