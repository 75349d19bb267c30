import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from report import sample
from whosaw.report import csv_out


def rows(result):
    return list(csv.DictReader(io.StringIO(csv_out.render(result).decode(), newline="")))


def test_there_is_one_row_per_incident():
    found = rows(sample.rich())
    assert [row["id"] for row in found] == ["INC-1", "INC-2", "INC-3", "INC-4", "INC-5"]
    assert found[0]["since"] == "2012-01-10T02:14:00Z"
    assert found[0]["customers_at_most"] == "35940"
    assert found[1]["recipient_kinds"] == "customer_login 69; company_user 2"


def test_a_start_beyond_the_logs_is_unknown_and_not_empty():
    assert rows(sample.rich())[2]["since_earliest"] == "unknown"


def test_without_incidents_the_heading_still_stands():
    assert csv_out.render(sample.clean()).decode().strip().split(",") == list(csv_out.COLUMNS)


@pytest.mark.parametrize("cell", ["=1+1", "+44", "-2", "@SUM(A1)", "  =1+1", "\t=1+1", "\r=1+1", "=cmd|'/C calc'!A0"])
def test_no_cell_is_a_formula(cell):
    assert str(csv_out.safe(cell))[:1] not in {"=", "+", "-", "@", "\t", "\r", " "} or str(csv_out.safe(cell)).startswith("'")


@given(st.text())
def test_no_text_at_all_becomes_a_formula(text):
    cell = str(csv_out.safe(text))
    assert cell.lstrip()[:1] not in {"=", "+", "-", "@"}
    assert "\n" not in cell


@pytest.mark.parametrize("text", [*sample.HOSTILE, "=HYPERLINK(0)", 'a";b,c'])
def test_a_hostile_text_stays_in_its_cell(text):
    found = rows(sample.hostile(text))
    assert len(found) == 5
    assert all(len(row) == len(csv_out.COLUMNS) and None not in row.values() for row in found)
    assert found[0]["severity_high"] == "2"
