"""How are our queries run on one machine?"""

import pytest

from whosaw.engine.duckdb import Engine, named, quoted
from whosaw.errors import QueryError, StorageError


@pytest.fixture(scope="module")
def engine():
    engine = Engine(secret=b"s" * 32)
    yield engine
    engine.close()


@pytest.fixture
def british(engine):
    engine.speak_of_numbers("44", "0")
    yield engine
    engine.speak_of_numbers("", "")


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2012-01-10T09:13:00Z", "UTC", "2012-01-10 09:13:00"),
        ("2012-01-10T09:13:00z", "Asia/Yangon", "2012-01-10 09:13:00"),
        ("2012-01-10T09:13:00+0630", "UTC", "2012-01-10 02:43:00"),
        ("2012-01-10T09:13:00+06:30", "UTC", "2012-01-10 02:43:00"),
        ("2012-01-10 09:13:00 +0630", "UTC", "2012-01-10 02:43:00"),
        ("2012-01-10 09:13:00+01", "UTC", "2012-01-10 08:13:00"),
        ("2012-01-10 09:13:00.5-03", "Asia/Yangon", "2012-01-10 12:13:00.5"),
        ("2012-01-10 09:13:00", "Asia/Yangon", "2012-01-10 02:43:00"),
        ("2012-01-10", "Asia/Yangon", "2012-01-09 17:30:00"),
        ("2012-07-10 09:13:00", "Europe/London", "2012-07-10 08:13:00"),
        ("2012-01-10 09:13:00", "Europe/London", "2012-01-10 09:13:00"),
        ("2012-01-10 09:13:00 UTC", "Asia/Yangon", "2012-01-10 09:13:00"),
        ("2012-01-10 09:13:00 Europe/Paris", "UTC", "2012-01-10 08:13:00"),
        ("2012-03-25 02:30:00", "Europe/London", "2012-03-25 01:30:00"),
        ("2012-10-28 00:30:00", "Europe/London", "2012-10-27 23:30:00"),
        ("2012-10-28 02:30:00", "Europe/London", "2012-10-28 02:30:00"),
    ],
)
def test_a_time_is_brought_to_utc_by_its_own_offset_or_else_by_the_zone(engine, text, zone, utc):
    assert engine.one("select moment(?, ?) = ?::timestamp", [text, zone, utc])[0]


@pytest.mark.parametrize(
    "text", ["", "nonsense", "infinity", "-infinity", "epoch", "2012-13-40", "2012-01-10T25:00:00Z", "10/01/2012", "now"]
)
def test_what_is_no_time_is_null(engine, text):
    assert engine.one("select moment(?, 'UTC')", [text])[0] is None


@pytest.mark.parametrize(
    "spelling",
    [
        "447700900123",
        "+447700900123",
        "00447700900123",
        "07700900123",
        "+44 7700 900 123",
        "+44 (0)7700 900123",
        "(07700) 900-123",
        "7700900123",
    ],
)
def test_each_spelling_of_a_number_is_the_same_object(british, spelling):
    assert british.one("select object_key('number', ?) = object_key('number', '447700900123')", [spelling])[0]


@pytest.mark.parametrize("spelling", ["+33 1 99 00 00 01", "0033199000001"])
def test_a_number_of_another_country_stays_that_number(british, spelling):
    assert british.one("select e164(?)", [spelling])[0] == "33199000001"


def test_only_numbers_are_brought_to_one_spelling(british):
    assert british.one("select object_key('bill', '07') = object_key('bill', '447')")[0] is False
    assert british.one("select object_key('bill', '7') = object_key('number', '7')")[0] is False
    assert british.one("select object_key('bill', '')")[0] is None


@pytest.mark.parametrize(
    ("text", "plain"), [("%41%2b", "A+"), ("%C3%A9", "é"), ("%ff", "%ff"), ("%C3", "%C3"), ("%zz%4", "%zz%4"), ("", "")]
)
def test_percent_signs_are_undone_where_that_gives_text(engine, text, plain):
    assert engine.one("select decoded(?)", [text])[0] == plain


@pytest.mark.parametrize("text", ["it's", "a''b", '"x"', "'; drop table x; --", "", "a\x00b"])
def test_a_quoted_text_is_that_text_and_a_named_one_that_name(engine, text):
    assert engine.one(f"select {quoted(text)}")[0] == text.replace("\x00", "")
    if text and "\x00" not in text:
        assert engine.columns(f"select 1 as {named(text)}") == [text]


def test_a_failing_query_is_a_query_error_without_the_value_it_stumbled_over(engine):
    for sql in ("select '447700900123x'::integer", "select cast('anna@shop.example' as date)", "select 1 from nowhere"):
        with pytest.raises(QueryError) as problem:
            engine.rows(sql)
        assert "7700900123" not in problem.value.message
        assert "anna" not in problem.value.message
        assert problem.value.message == problem.value.message.lower()


@pytest.mark.parametrize(
    "said",
    [
        "IO Error: Could not write: No space left on device",
        "IO Error: Could not write: File too large",
        "IO Error: Could not write: Disk quota exceeded",
        "Out of Memory Error: failed to offload data block: the limit is set by max_temp_directory_size",
    ],
)
def test_a_full_disk_is_a_storage_error(engine, monkeypatch, said):
    class Full:
        def execute(self, *_):
            raise engine._errors.IOException(said)

    monkeypatch.setattr(engine, "connection", Full())
    for use in (engine.run, engine.rows):
        with pytest.raises(StorageError, match="disk is full") as problem:
            use("select 1")
        assert problem.value.exit_code == 5


def test_too_little_memory_is_a_storage_error_that_says_which_key_gives_more():
    small = Engine(secret=b"k" * 32, memory="20MB")
    small.run("set max_temp_directory_size = '0B'")
    with pytest.raises(StorageError) as problem:
        small.run("create table t as select range as a, md5(range::varchar) as b from range(3000000)")
    assert "memory" in problem.value.message + problem.value.hint
    small.close()


def test_the_secret_stands_in_no_repr_and_no_query(engine):
    assert "s" * 8 not in repr(engine)
    assert engine.rows("select pseudonym('c', 'x')") != Engine(secret=b"t" * 32).rows("select pseudonym('c', 'x')")
