"""A visitor without a login who is shown a customer's data is found, also on a route that only a log knows."""

import selfcare
from whosaw.probes import PROBES
from whosaw.probes.anonymous import ANONYMOUS


def test_a_page_that_opens_without_a_login_is_found_once(portal, tmp_path):
    found, _ = selfcare.found_on(portal("anonymous:bill"), tmp_path, *PROBES)
    assert found == {("anonymous-read", "GET /bills/{bill}")}, "not once more for each login, who may read what anybody may"


def test_a_route_that_only_the_access_log_knows_is_asked_and_no_real_customer_is(portal, tmp_path):
    faulty = portal("export")
    line = '192.0.2.9 - - [10/Jan/2026:10:00:0{} +0000] "GET {} HTTP/1.1" 200 99 "-" "Mozilla/5.0"\n'
    paths = ["/help", "/internal/export/A-1077", "/internal/export/A-1078", "/bills/B-5077", "/profile/zoe", "/search?account=A-1077"]
    (tmp_path / "access.log").write_text("".join(line.format(i, path) for i, path in enumerate(paths)))
    document = selfcare.document(faulty, log=["access.log"], operation=[])
    found, done = selfcare.found_on(faulty, tmp_path, ANONYMOUS, changed=document)
    assert found == {("anonymous-read", "GET /internal/export/{account}")}
    assert selfcare.customers_asked_for(faulty) == []
    assert not any("/profile/zoe" in path for _, _, path, _ in faulty.asked)
    assert done.outcome.operations == 4, "/profile/zoe may name a customer, and is left out"


def test_a_page_declared_public_is_no_finding(portal, tmp_path):
    faulty = portal("export")
    document = selfcare.document(faulty, public=["/internal/export/{account}"])
    assert selfcare.found_on(faulty, tmp_path, ANONYMOUS, changed=document)[0] == set()
