"""Is a registry that has changed noticed, and is one that has not left alone?"""

import os

import pytest

from small_operator import BILL_OWNER, OWNERSHIP, case, operator
from whosaw import config
from whosaw.entitlements import Loaded
from whosaw.errors import ConfigError
from whosaw.judge.registries import RESTED, Registries, refuse_shrunk, signatures


def told(folder, changes=None, refresh=0):
    return signatures(case(folder, changes).config, folder, refresh=refresh)


def changed(before, after):
    return sorted(key for key in before | after if before.get(key) != after.get(key))


def test_nothing_has_changed_when_nothing_was_written(tmp_path):
    operator(tmp_path)
    assert changed(told(tmp_path), told(tmp_path)) == []


def test_a_line_added_to_a_registry_changes_that_one_only(tmp_path):
    operator(tmp_path)
    before = told(tmp_path)
    with (tmp_path / "logins.csv").open("a") as f:
        f.write("carl,A3,,\n")
    assert changed(before, told(tmp_path)) == ["entitlement[0]"]


def test_a_registry_replaced_by_one_of_the_same_size_has_changed(tmp_path):
    operator(tmp_path)
    before = told(tmp_path)
    (tmp_path / "new.csv").write_text((tmp_path / "bills.csv").read_text().replace("A1", "A2"))
    os.utime(tmp_path / "new.csv", ns=(0, (tmp_path / "bills.csv").stat().st_mtime_ns))
    (tmp_path / "new.csv").replace(tmp_path / "bills.csv")
    assert changed(before, told(tmp_path)) == ["owner[0]"]


def test_the_members_of_a_group_belong_to_their_entitlement(tmp_path):
    operator(tmp_path, users_csv="u,g\n", groups_csv="g,c\n")
    groups = {
        "basis": "delegation",
        "file": "users.csv",
        "columns": {"recipient": "u", "group": "g"},
        "members": {"file": "groups.csv", "columns": {"group": "g", "customer": "c"}},
    }
    before = told(tmp_path, {"entitlement": [OWNERSHIP, groups]})
    with (tmp_path / "groups.csv").open("a") as f:
        f.write("G,A1\n")
    assert changed(before, told(tmp_path, {"entitlement": [OWNERSHIP, groups]})) == ["entitlement[1]"]


def test_a_query_is_asked_again_when_it_is_time(tmp_path):
    operator(tmp_path)
    query = {"basis": "ownership", "query": "select 'a' as recipient, 'b' as customer"}
    one, two = (told(tmp_path, {"entitlement": [query]}, refresh) for refresh in (1, 2))
    assert changed(one, two) == ["entitlement[0]"]


def test_a_registry_that_is_gone_has_changed(tmp_path):
    operator(tmp_path)
    before = told(tmp_path)
    (tmp_path / "logins.csv").unlink()
    assert changed(before, told(tmp_path)) == ["entitlement[0]"]


def test_a_policy_changes_with_the_table_of_its_agreements(tmp_path):
    policy = {"basis": "partner", "file": "edge.toml"}
    (tmp_path / "edge.toml").write_text('partners = "partners.csv"\n')
    (tmp_path / "partners.csv").write_text("agreement,host,fields\nA-1,music.example,msisdn\n")
    checked = config.parse({"entitlement": [policy]})
    before = signatures(checked, tmp_path, refresh=0)
    with (tmp_path / "partners.csv").open("a") as f:
        f.write("A-2,shop.example,msisdn\n")
    assert changed(before, signatures(checked, tmp_path, refresh=0)) == ["entitlement[0]"]


# --- when it is loaded again ------------------------------------------------------------------------------------------


def add(folder, name, row):
    with (folder / name).open("a") as f:
        f.write(row)


def test_a_registry_is_due_once_it_has_been_left_alone_and_only_until_it_is_dealt_with(tmp_path):
    operator(tmp_path)
    registries = Registries(case(tmp_path).config, tmp_path, clock=0)
    add(tmp_path, "logins.csv", "carl,A3,,\n")
    assert registries.due(10) == []
    add(tmp_path, "logins.csv", "dora,A4,,\n")
    assert registries.due(10 + RESTED) == [], "it is still being written"
    assert registries.due(10 + 2 * RESTED) == [{"entitlement[0]"}]
    assert registries.due(11 + 2 * RESTED) == [{"entitlement[0]"}]
    registries.took({"entitlement[0]"})
    assert registries.due(12 + 2 * RESTED) == []


def test_owners_are_loaded_together_and_each_entitlement_alone(tmp_path):
    operator(tmp_path, more_csv="bill,account,since,until\n")
    more = {"object": "number", "file": "more.csv", "columns": {"object": "bill", "customer": "account"}}
    checked = case(tmp_path, {"owner": [BILL_OWNER, more], "entitlement": [OWNERSHIP, OWNERSHIP]}).config
    registries = Registries(checked, tmp_path, clock=0)
    for name in ("logins.csv", "bills.csv", "more.csv"):
        add(tmp_path, name, "x,y,,\n")
    registries.due(1)
    assert registries.due(1 + RESTED) == [{"owner[0]", "owner[1]"}, {"entitlement[0]"}, {"entitlement[1]"}]


def test_a_registry_that_lost_most_of_its_rows_is_not_believed():
    had = {"entitlement[0]": Loaded(rows=100, kept=100)}
    refuse_shrunk(had, {"entitlement[0]": Loaded(rows=50, kept=50)})
    with pytest.raises(ConfigError, match="has 49 rows that can be used, and had 100 before"):
        refuse_shrunk(had, {"entitlement[0]": Loaded(rows=49, kept=49)})


def test_of_a_registry_with_few_rows_nothing_can_be_said():
    refuse_shrunk({"owner[0]": Loaded(rows=19, kept=19)}, {"owner[0]": Loaded()})
