"""No name that may leave in quarantine is one that must not."""

from whosaw.edge import innocent
from whosaw.identifiers import classify


def test_no_innocent_name_carries_an_identity():
    assert [name for name in (*innocent.NAMES, *innocent.HOP) if classify(name)] == []
