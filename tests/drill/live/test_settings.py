import csv
import tomllib

from whosaw import config
from whosaw.drill.live.nginx import PORTAL_LAYOUT
from whosaw.drill.live.settings import LOGS, settings, write_lists


def test_the_settings_are_valid_and_name_every_log(tmp_path):
    (tmp_path / "whosaw.toml").write_text(settings())
    loaded, _ = config.load(tmp_path / "whosaw.toml")
    assert {source.channel: source.files for source in loaded.source} == {channel: [log] for channel, log in LOGS.items()}
    assert loaded.source[0].layout == PORTAL_LAYOUT
    assert "@" not in settings()


def test_the_undocumented_page_is_not_in_the_settings_either():
    assert "export" not in settings()


def test_every_list_is_there_and_a_test_account_is_an_ordinary_customer(tmp_path, cast, who):
    write_lists(tmp_path, cast)
    files = {entry[key]["file"] if key else entry["file"] for entry, key in relations()} - {"registry/contacts.csv"}
    for file in files:
        assert (tmp_path / file.removeprefix("registry/")).exists(), file
    logins = {row["login"]: row for row in rows(tmp_path / "logins.csv")}
    assert logins[who["ann"].login]["account"] == who["ann"].account
    assert who["ada"].login not in logins
    assert {row["login"] for row in rows(tmp_path / "company_users.csv")} >= {who["ada"].login, who["max"].login}
    assert [(row["agent"], row["account"]) for row in rows(tmp_path / "tickets.csv")] == [
        (who[name].login, who[name].account) for name in ("amy", "ben")
    ]
    bills = {row["bill"] for row in rows(tmp_path / "bills.csv")}
    assert {invoice.bill for invoice in cast.invoices} <= bills


def relations():
    read = tomllib.loads(settings())
    for entry in (*read["owner"], *read["entitlement"]):
        yield entry, ""
        if "members" in entry:
            yield entry, "members"


def rows(file):
    return list(csv.DictReader(file.read_text().splitlines()))
