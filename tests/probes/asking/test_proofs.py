"""One finding per kind and operation, one proof per owner and asker; the ledger's row names recipient and customer."""

from datetime import UTC, datetime

import selfcare
from whosaw.config import probing
from whosaw.config.probing import Declared
from whosaw.model import RecipientKind
from whosaw.probes.asking.marks import Sighting
from whosaw.probes.asking.operations import declared
from whosaw.probes.asking.proofs import Proofs, Seen, related
from whosaw.probes.asking.session import Session
from whosaw.probes.asking.wire import Answer, Request

TARGET = probing.parse(selfcare.document(selfcare.Portal(port=8080)))
ANN, BOB, CAT = TARGET.identity
OP = declared(Declared(path="/bills/{bill}"))
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def handed_in(proofs, kind="foreign-record", owner=ANN, asker=BOB, op=OP):
    session = Session(TARGET.url, asker)
    seen = Seen(session, Request("GET", f"{TARGET.url}/bills/B-5001"), Answer(200), [], [])
    proofs.add(kind, op, seen, Sighting(owner, owner.marker, "body"), how="plain", seen_at=NOW)


def test_the_same_pair_is_one_proof_and_another_pair_another():
    proofs = Proofs(TARGET)
    handed_in(proofs)
    handed_in(proofs)
    handed_in(proofs, asker=CAT)
    (finding,) = proofs.findings()
    assert [(each.other, each.relation) for each in finding.evidence] == [("bob", "other tenant"), ("cat", "same tenant")]


def test_what_anybody_may_read_is_not_reported_for_each_login_again():
    proofs = Proofs(TARGET)
    handed_in(proofs)
    handed_in(proofs, kind="anonymous-read", asker=None)
    assert [finding.kind for finding in proofs.findings()] == ["anonymous-read"]
    assert len(proofs.shown) == 2, "both disclosures happened"


def test_a_disclosure_names_recipient_and_customer_and_shows_neither():
    proofs = Proofs(TARGET)
    handed_in(proofs)
    (shown,) = proofs.shown
    assert (shown.recipient, shown.customer, shown.route) == ("bob", "A-1001", "/bills/{bill}")
    assert shown.recipient_kind is RecipientKind.CUSTOMER_LOGIN
    assert "A-1001" not in repr(shown)


def test_a_mixup_is_one_finding_of_the_whole_portal():
    proofs = Proofs(TARGET)
    handed_in(proofs, kind="account-mixup")
    handed_in(proofs, kind="account-mixup", asker=CAT, op=declared(Declared(path="/me")))
    assert [finding.operation for finding in proofs.findings()] == ["any page"]


def test_how_two_are_related():
    assert related(ANN, Session(TARGET.url)) == "anonymous"
    assert related(ANN, Session(TARGET.url, ANN)) == "itself"
    assert related(ANN, Session(TARGET.url, CAT)) == "same tenant"
