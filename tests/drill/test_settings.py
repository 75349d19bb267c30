import tomllib

from drill.second_opinion import registry
from whosaw import config
from whosaw.drill.settings import settings
from whosaw.model import Basis


def test_the_settings_are_accepted(quarter):
    loaded, _ = config.load(quarter[0] / "whosaw.toml")
    assert [source.name for source in loaded.source] == ["portal", "bills", "gateway-1", "gateway-2", "crm"]
    assert {owner.object for owner in loaded.owner} == {"bill", "number"}
    assert "@" not in settings(), "nothing was left to fill in"


def test_every_file_the_settings_name_is_there(quarter):
    loaded, _ = config.load(quarter[0] / "whosaw.toml")
    assert all(list(quarter[0].glob(pattern)) for source in loaded.source for pattern in source.files)
    relations = [*loaded.owner, *loaded.entitlement, *loaded.canary, *(ent.members for ent in loaded.entitlement if ent.members)]
    for relation in relations:
        rows = registry(quarter[0], relation.file.removeprefix("registry/").removesuffix(".csv"))
        assert set(relation.columns.values()) <= set(rows[0]), relation.file


def test_every_basis_that_the_operator_uses_is_told():
    entitlements = config.parse(tomllib.loads(settings())).entitlement
    assert {entitlement.basis for entitlement in entitlements} == set(Basis) - {Basis.BREAK_GLASS}
