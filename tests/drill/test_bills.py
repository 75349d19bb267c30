from collections import Counter

from drill.second_opinion import logs, registry, rows

KEYS = ["time", "client", "login", "session", "method", "uri", "status", "bytes", "agent"]


def test_every_line_is_json_with_the_agreed_keys_and_lies_in_the_file_of_its_day(quarter):
    for file, _, t, row in rows(quarter[0], "bills"):
        assert list(row) == KEYS
        assert all(isinstance(value, str) for value in row.values())
        assert f"{t:%Y-%m-%d}" in file


def test_there_is_a_file_for_every_day(quarter):
    assert len(logs(quarter[0], "bills")) == 20


def test_companies_rest_at_weekends_and_at_night(quiet):
    days, hours = Counter(), Counter()
    for _, _, t, _ in rows(quiet[0], "bills"):
        days[t.weekday()] += 1
        hours[t.hour] += 1
    assert days[5] + days[6] < sum(days.values()) / 8
    assert sum(hours[hour] for hour in range(6)) == 0


def test_an_accountant_changes_between_companies(quiet):
    company = {row["account"]: row["company"] for row in registry(quiet[0], "company_accounts")}
    owner = {row["bill"]: company.get(row["account"]) for row in registry(quiet[0], "bills")}
    seen = {}
    for *_, row in rows(quiet[0], "bills"):
        if row["status"] == "200" and "/bills/" in row["uri"]:
            seen.setdefault(row["session"], set()).add(owner[row["uri"].rpartition("/")[2]])
    assert max(map(len, seen.values())) > 1
