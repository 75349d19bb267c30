import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from report import sample
from whosaw.errors import InputError
from whosaw.report import json_out

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "result.md"


@pytest.mark.parametrize("name", sample.ALL)
def test_the_answer_fits_its_schema(name):
    jsonschema.validate(json.loads(json_out.render(sample.ALL[name]())), json_out.json_schema())


def test_the_schema_itself_is_valid_and_refuses_another_version():
    schema = json_out.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    answer = json.loads(json_out.render(sample.clean()))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(answer | {"schema": "whosaw.result/2"}, schema)


@pytest.mark.parametrize("name", sample.ALL)
def test_what_was_written_is_read_back_the_same(name):
    assert json_out.load(json_out.render(sample.ALL[name]()).decode()) == sample.ALL[name]()


def test_fields_stand_in_the_order_of_the_schema_and_times_end_with_z():
    answer = json.loads(json_out.render(sample.rich()))
    assert list(answer)[:4] == ["schema", "made", "read", "verdicts"]
    assert answer["made"] == "2012-02-01T09:00:00Z"
    assert answer["incidents"][0]["since_earliest"] == "2012-01-09T23:00:00Z"
    assert json_out.render(sample.rich()) == json_out.render(sample.rich())


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json", '{"schema": "whosaw.result/1"}'])
def test_what_is_no_answer_is_refused_with_a_hint(text):
    with pytest.raises(InputError) as caught:
        json_out.load(text)
    assert "whosaw judge" in caught.value.hint


def test_an_answer_of_another_version_is_refused():
    other = msgspec.structs.replace(sample.clean(), schema="whosaw.result/9")
    with pytest.raises(InputError, match=r"whosaw\.result/9"):
        json_out.load(json_out.render(other))


def names(schema):
    for table in schema["$defs"].values():
        yield from table.get("properties", {})


def test_every_field_is_in_the_reference():
    page = PAGE.read_text(encoding="utf-8")
    assert sorted({name for name in names(json_out.json_schema()) if f"`{name}`" not in page}) == []
