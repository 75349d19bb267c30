"""Under which tokens may the operator's own numbers stand in a log?"""

import base64
import hashlib
import hmac
import json

import pytest

from small_operator import counts, judged, operator, read_counts
from whosaw import config, judge
from whosaw.engine.duckdb import Engine
from whosaw.errors import ConfigError
from whosaw.identifiers import disguises, profile
from whosaw.judge.scan import prepare
from whosaw.judge.work import opened

NUMBER = "447700900123"
GATEWAY = {
    "name": "gateway",
    "files": ["gateway.log"],
    "channel": "gateway",
    "format": "jsonl",
    "vantage": "proxy_out",
    "recipient_kind": "site",
    "scan": ["header:*", "uri"],
    "object_type": "number",
    "data": ["number"],
}
OWNER = {"object": "number", "file": "numbers.csv", "columns": {"object": "number", "customer": "account"}}


def case(folder, lines, **changes):
    operator(folder, gateway_log=[json.dumps(one) for one in lines], numbers_csv="number,account\n+44 7700 900123,A1\n07700900456,A2\n")
    tables = {
        "operator": {"country": "GB", "numbers": ["4477009"], "salts": ["pepper"], "hash_keys": ["turmeric"]},
        "source": [GATEWAY | changes.pop("source", {})],
        "owner": [OWNER],
        "entitlement": [{"basis": "partner", "file": "partners.csv", "columns": {"recipient": "site"}}],
    } | changes
    (folder / "partners.csv").write_text("site\npartner.example\n")
    return judge.Case(config.parse(tables), "", folder, folder / "ledger")


def sent(uri="http://shop.example/x", **headers):
    return {"time": "2012-01-10T10:00:00Z", "uri": uri, "status": 200, "headers": {"x-id": "", "user-agent": "x"} | headers}


def forms(folder, lines, **changes):
    with opened(case(folder, lines, **changes), write=True) as work:
        work.tasks, _ = judge.plan(work.case.config, folder)
        judge.read_all(work, lambda *_: None)
        judge.prepare(work)
        return work.engine.rows("select form, field, customer = pseudonym('c', 'A1') from disclosures order by source_line")


def hexed(kind, text):
    return hashlib.new(kind, text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (NUMBER, "plain:e164"),
        ("+447700900123", "plain:e164"),
        ("07700900123", "plain:national"),
        ("00447700900123", "plain:00-e164"),
        (base64.b64encode(NUMBER.encode()).decode(), "base64:e164"),
        (hexed("md5", NUMBER), "md5:e164"),
        (hexed("sha1", "07700900123"), "sha1:national"),
        (hexed("sha256", "+" + NUMBER).upper(), "sha256:+e164"),
        (hexed("sha256", "pepper" + NUMBER), "sha256:e164:salt0-before"),
        (hmac.new(b"turmeric", NUMBER.encode(), "sha256").hexdigest(), "hmac-sha256:e164:key0"),
        (NUMBER.encode().hex(), "hex-ascii:e164"),
        (f"id={NUMBER};v=1", "plain:e164"),
    ],
)
def test_an_own_number_is_found_under_its_disguise(tmp_path, text, form):
    ((found, field, hers),) = forms(tmp_path, [sent(**{"x-id": text})])
    assert hers
    assert field == "headers.x-id"
    assert found.split(":")[0] == form.split(":")[0]


@pytest.mark.parametrize(
    "query", [f"n={NUMBER}", "n=%2B447700900123", "n=%34%347700900123", "n=%2534%25347700900123", f"n={hexed('md5', NUMBER)}"]
)
def test_an_own_number_is_found_in_an_address(tmp_path, query):
    ((_, field, hers),) = forms(tmp_path, [sent(uri=f"http://shop.example/x?{query}")])
    assert (field, hers) == ("uri", True)


@pytest.mark.parametrize("text", ["447700900999", "44770090012", hexed("md5", "447700900999"), hexed("md5", NUMBER)[:-1], "", "%ff%fe"])
def test_what_is_no_own_number_is_no_disclosure(tmp_path, text):
    assert forms(tmp_path, [sent(**{"x-id": text})]) == []


@pytest.mark.parametrize("country", ["GB", "MY", "IT", "US"])
@pytest.mark.parametrize("number", ["447700900123", "60112345678", "390612345678", "4477009001234"])
def test_the_engine_makes_the_very_tokens_that_are_known_of_one_number(tmp_path, country, number):
    secrets = {"salts": ["pepper", ""], "hash_keys": ["turmeric", "k" * 70]}
    tables = {"operator": {"country": country} | secrets, "source": [GATEWAY], "owner": [OWNER]}
    (tmp_path / "numbers.csv").write_text(f"number,account\n+{number},A1\n")
    engine, told = Engine(secret=b"k" * 32), config.parse(tables)
    prepare(engine, told, tmp_path)
    expected = dict(disguises(number, profile(country, []), salts=secrets["salts"], keys=secrets["hash_keys"]))
    rows = engine.rows("select token, arg_min(form, rank) from disguised join forms using (rank) group by token")
    hashes = dict(engine.rows("select hash(t), t from (select unnest(?::varchar[]) as t)", [list(expected)]))
    engine.close()
    assert {hashes.get(token): form for token, form in rows} == expected


def test_what_is_not_scanned_is_not_found(tmp_path):
    for name, scan, found in (("uri", ["uri"], 0), ("header", ["header:x-id"], 1)):
        (tmp_path / name).mkdir()
        assert len(forms(tmp_path / name, [sent(**{"x-id": NUMBER})], source={"scan": scan})) == found


def test_a_line_with_a_number_twice_is_one_disclosure_under_the_plainer_form(tmp_path):
    ((form, _, _),) = forms(tmp_path, [sent(**{"x-id": hexed("sha256", NUMBER), "user-agent": NUMBER})])
    assert form.startswith("plain")


def test_numbers_sent_to_partners_are_entitled_and_to_others_not(tmp_path):
    lines = [sent(**{"x-id": NUMBER}), sent(uri="http://partner.example/", **{"x-id": NUMBER}), sent()]
    made = case(tmp_path, lines)
    result = judge.run(made, made=judged(tmp_path, {"source": []}, ledger="none").made, command="test", progress=lambda *_: None)
    assert read_counts(result) == (3, 2, 0, 1)
    assert counts(result) == (1, 1, 0)
    assert result.incidents[0].detector == "enriched-request"
    assert result.incidents[0].cause.value == "headers.x-id"


def test_a_scan_of_a_field_that_is_not_logged_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match=r"`source\[0\]\.scan` names `cookies`"):
        forms(tmp_path, [sent()], source={"scan": ["cookies"]})


def test_each_of_several_numbers_is_found(tmp_path):
    assert len(forms(tmp_path, [sent(**{"x-id": NUMBER}), sent(**{"x-id": "07700900456"})])) == 2
