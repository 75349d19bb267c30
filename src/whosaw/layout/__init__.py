"""How is a format string turned into one pattern and a clock, and what becomes of a line that does not fit?"""

from __future__ import annotations

from whosaw.layout.careful import fit, read_line
from whosaw.layout.clock import guess_clock, reads_time
from whosaw.layout.pattern import (
    DECIMAL,
    ESCAPED,
    LIST,
    LIST_BEHIND,
    NUMBER,
    PLAIN,
    REQUEST,
    REQUEST_ESCAPED,
    Field,
    Part,
    Raw,
    Text,
    clock_of,
    compose,
    decode,
    first_roles,
    safe_name,
    time_field,
    timed,
    unhex,
)
from whosaw.layout.plain import Plain, Shape, shape_of
from whosaw.layout.roles import ROLE_NAMES, guess_roles
from whosaw.layout.table import heading_of, read_table_line, table_layout
from whosaw.layout.template import json_shape
from whosaw.layout.tree import columns_of, header_fields, json_fit, json_layout, parse_row, read_json, rows_of, value_at

__all__ = [
    "DECIMAL",
    "ESCAPED",
    "LIST",
    "LIST_BEHIND",
    "NUMBER",
    "PLAIN",
    "REQUEST",
    "REQUEST_ESCAPED",
    "ROLE_NAMES",
    "Field",
    "Part",
    "Plain",
    "Raw",
    "Shape",
    "Text",
    "clock_of",
    "columns_of",
    "compose",
    "decode",
    "first_roles",
    "fit",
    "guess_clock",
    "guess_roles",
    "header_fields",
    "heading_of",
    "json_fit",
    "json_layout",
    "json_shape",
    "parse_row",
    "read_json",
    "read_line",
    "read_table_line",
    "reads_time",
    "rows_of",
    "safe_name",
    "shape_of",
    "table_layout",
    "time_field",
    "timed",
    "unhex",
    "value_at",
]
