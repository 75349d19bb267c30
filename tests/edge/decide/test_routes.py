"""Is an address read at the edge as it is read from the log afterwards?"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from small_operator import case, line, operator, portal
from whosaw import judge
from whosaw.config import Route, Source
from whosaw.edge.decide.routes import Routes
from whosaw.identifiers import Pseudonymiser
from whosaw.identifiers.vault import secret
from whosaw.judge.work import opened
from whosaw.model import DataClass, data_mask

ROUTES = [
    {"template": "/bill/{bill}", "data": ["bill"], "object": "bill"},
    {"template": "/bill/{bill}/pdf", "data": ["bill", "call_detail"], "object": "bill"},
    {"template": "/c/{company}/b/{bill}.html", "data": ["bill"], "object": "bill"},
    {"template": "/files/*/{bill}", "data": ["bill"], "object": "bill"},
    {"template": "/help/*", "public": True, "data": ["bill"]},
    {"template": "/home", "data": ["account"], "self": True},
]
SEGMENT = st.text(alphabet="aB1%2Ff/.?#;:é&= -", max_size=6)
ADDRESS = st.builds(
    "".join,
    st.lists(
        st.sampled_from(["/bill/", "/pdf", "/c/", "/b/", ".html", "/files/", "/help/", "/home", "%2F", "%2e", "%zz", "%C3%A9", "?a=/bill/B1", "#x"])
        | SEGMENT,
        min_size=1,
        max_size=5,
    ),
) | st.builds("https://portal.example{}".format, SEGMENT)  # fmt: skip


def source(**changes):
    return Source(name="portal", files=["x"], channel="portal", route=[Route(**_typed(r)) for r in ROUTES], **changes)


def _typed(route):
    return route | {"data": [DataClass(name) for name in route.get("data", [])]}


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What the judge's reading makes of addresses: template, data classes, and the object's key where there is one."""

    def rows(addresses):
        folder = tmp_path_factory.mktemp("log")
        # a named customer, so that every page that is not public is a disclosure
        operator(folder, [line("10:00", "anna", uri=uri, account="A1") for uri in addresses])
        with opened(case(folder, {"source": [portal(route=ROUTES)]}), write=True) as work:
            work.tasks, work.problems = judge.plan(work.case.config, folder)
            judge.read_all(work, lambda *_: None)
            work.ledger.open_in(work.engine)
            found = {n: rest for n, *rest in work.engine.rows("select source_line, route, data, object from disclosures_read")}
            return [found.get(n) for n in range(1, len(addresses) + 1)], Pseudonymiser(secret(work.case.key_file, make=False))

    return rows


def test_an_address_is_the_page_and_the_object_that_the_judge_reads(read):
    routes = Routes(source())

    @settings(max_examples=12)
    @given(st.lists(ADDRESS, min_size=30, max_size=60, unique=True))
    def law(addresses):
        expected, pseudonyms = read(addresses)
        for address, row in zip(addresses, expected, strict=True):
            page = routes.page(address)
            templates = {route["template"] for route in ROUTES}
            if row is None or row[0] not in templates:  # public or unlisted
                assert page is None or page.public, address
                continue
            key = pseudonyms.key("o", f"bill:{page.object}") if page.object else None
            assert [page.template, page.data, key] == row, address

    law()


@pytest.mark.parametrize(
    "address",
    ["/bill/B1/../B2", "//bill/B1", "/BILL/B1", "/bill/", "/bill", "/bill/B1/", "/bill/B1%00/x", "", "*", "/bill/B1\n/", "\\bill\\B1"],
)
def test_an_address_that_only_looks_like_a_page_is_none(address):
    assert Routes(source()).page(address) is None


def test_a_hidden_separator_stays_within_the_object():
    page = Routes(source()).page("/bill/B1%2F..%2FB2")
    assert (page.template, page.object) == ("/bill/{bill}", "B1/../B2")


def test_a_page_without_data_classes_of_its_own_shows_those_of_its_source():
    only = Source(name="s", files=["x"], channel="c", data=[DataClass.ACCOUNT], route=[Route(template="/a/{n}", object="n")])
    assert Routes(only).page("/a/1").data == data_mask([DataClass.ACCOUNT])
