import io

import duckdb
import pytest

from whosaw.errors import ConfigError
from whosaw.readers import detect
from whosaw.readers.parquet import PARQUET

ROW = b'{"seen":"2012-01-09 23:00:00","agent":"a1"}'


def test_parquet_rows_follow_the_magic():
    guess = PARQUET.sniff([b"PAR1", b'{"seen":"2012-01-09 23:00:00","agent":"a1"}'])
    assert (guess.layout.kind, guess.layout.fields, guess.layout.roles["time"]) == ("parquet", ("seen", "agent"), "seen")
    assert PARQUET.sniff([b"PARX"]) is None
    assert PARQUET.sniff([b"PAR1", b'{"agent":"a1"}']) is None
    assert PARQUET.careful(guess.layout, b'{"seen":"2012-01-09 23:00:00","agent":"a1"}')["agent"] == "a1"


def test_the_magic_alone_is_certain_of_the_format_and_knows_no_column():
    guess = PARQUET.sniff([b"PAR1\x15\x04"])
    assert (guess.confidence, guess.layout.kind, guess.layout.fields) == (1, "parquet", ())


def test_a_file_that_the_engine_writes_is_recognised(tmp_path):
    path = tmp_path / "log.parquet"
    with duckdb.connect() as engine:
        engine.execute(f"copy (select timestamp '2012-01-09 23:00:00' as seen, 'a1' as agent) to '{path}' (format parquet)")
        [(row,)] = engine.execute("select to_json(t)::varchar from read_parquet(?) t", [str(path)]).fetchall()
    assert detect(io.BytesIO(path.read_bytes()).readlines())[0].reader == "parquet"
    layout = PARQUET.layout(row)
    assert (layout.kind, layout.clock, layout.roles["time"]) == ("parquet", "iso", "seen")
    assert PARQUET.careful(layout, row.encode()) == {"seen": "2012-01-09 23:00:00", "agent": "a1"}


def test_the_surety_is_the_share_of_rows_with_a_time():
    assert PARQUET.sniff([b"PAR1", ROW, b'{"agent":"a1"}']).confidence == 0.5
    assert PARQUET.sniff([]) is None


@pytest.mark.parametrize("text", ["", "$remote_addr", "[1]", "{}"])
def test_a_layout_that_is_no_object_is_refused(text):
    with pytest.raises(ConfigError, match="not a json object"):
        PARQUET.layout(text)
