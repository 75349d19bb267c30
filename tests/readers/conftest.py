from collections.abc import Callable

import duckdb
import pytest

from whosaw.model import Layout


@pytest.fixture(scope="session")
def engine_fields() -> Callable[[Layout, str], dict[str, str] | None]:
    """What the engine's fast path makes of a line: the fields, or nothing where the pattern does not fit."""
    connection = duckdb.connect()

    def fields(layout: Layout, line: str) -> dict[str, str] | None:
        if layout.kind == "pattern":
            query = "select case when regexp_matches(?, ?) then regexp_extract(?, ?, ?) end"
            (found,) = connection.execute(query, [line, layout.pattern, line, layout.pattern, list(layout.fields)]).fetchone()
            return found
        (valid,) = connection.execute("select json_valid(?)", [line]).fetchone()
        if not valid:
            return None
        (values,) = connection.execute("select json_extract_string(?, ?)", [line, list(layout.paths)]).fetchone()
        return {name: value or "" for name, value in zip(layout.fields, values, strict=True)}

    return fields
