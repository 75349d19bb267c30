"""Is a registry that has changed noticed, and is one that has not left alone?"""

import os

from small_operator import OWNERSHIP, case, operator
from whosaw import config
from whosaw.watch.registries import signatures


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
