"""An operation is asked with own ids only, in every part of a request; its path may be declared with placeholders."""

import pytest

import selfcare
from whosaw.config import probing
from whosaw.config.probing import Declared
from whosaw.probes.asking.operations import asked, declared, kind_of, matches, values_for

TARGET = probing.parse(selfcare.document(selfcare.Portal(port=8080)))
BASE = "http://portal.example/"


def test_ids_are_filled_into_every_part_and_quoted_where_they_must_be():
    op = declared(Declared(method="post", path="/a/{x}?b={y}", headers={"X-C": "{x}"}, json={"d": ["{y}"]}))
    request = asked(op, BASE, {"x": "1/2", "y": "ä&"})
    assert (request.method, request.url) == ("POST", "http://portal.example/a/1%2F2?b=%C3%A4%26")
    assert dict(request.headers) == {"Content-Type": "application/json", "X-C": "1/2"}
    assert request.body == '{"d":["ä&"]}'.encode()
    assert op.ids == ("x", "y")


def test_a_form_is_sent_as_a_form():
    request = asked(declared(Declared(method="POST", path="/a", form={"b": "{x}"})), BASE, {"x": "1 2"})
    assert request.body == b"b=1%202"


def test_an_identity_without_an_id_of_a_kind_does_not_ask():
    ann = TARGET.named("ann")
    assert values_for(declared(Declared(path="/bills/{bill}")), ann, TARGET) == {"bill": "B-5001"}
    assert values_for(declared(Declared(path="/ships/{ship}")), ann, TARGET) is None


@pytest.mark.parametrize(
    ("template", "fits"),
    [("/help/{topic}", True), ("/help/*", True), ("/*", True), ("/help", False), ("/help/{a}/{b}", False), ("/help/x?y=1", True)],
)
def test_a_declared_template_fits_a_path_part_by_part(template, fits):
    assert matches(declared(Declared(path="/help/x")), [template]) is fits


@pytest.mark.parametrize(
    ("name", "path", "kind"),
    [
        ("billId", "/x/{billId}", "bill"),
        ("id", "/bills/{id}", "bill"),
        ("account_no", "/", "account"),
        ("MSISDN", "/", "msisdn"),
        ("id", "/x/{id}", ""),
    ],
)
def test_the_kind_of_a_parameter_is_told_by_its_name(name, path, kind):
    assert kind_of(name, path, TARGET) == kind
