import pytest

from whosaw.errors import ConfigError
from whosaw.readers.nginx_json import NGINX_JSON

TEMPLATE = """log_format js escape=json '{"time":"$time_iso8601","ip":"$remote_addr","who":"$remote_user",'
              '"m":"$request_method","u":"$request_uri","s":$status,"n":"$http_x_msisdn","c":"$sent_http_x_customer"}';"""
LINE = (
    '{"time":"2012-01-09T23:00:00+00:00","ip":"192.0.2.1","who":"ann smith","m":"GET","u":"/b?x=\\"1\\"","s":200,"n":"447700900123","c":""}'
)


def test_a_json_log_format_gives_its_keys_the_roles_of_their_variables(engine_fields):
    form = NGINX_JSON.layout(TEMPLATE)
    assert form.roles == {"time": "time", "client": "ip", "recipient": "who", "method": "m", "uri": "u", "status": "s"}
    assert (form.headers, form.responses) == ({"x-msisdn": "n"}, {"x-customer": "c"})
    fields = engine_fields(form, LINE)
    assert fields["who"] == "ann smith"
    assert NGINX_JSON.careful(form, LINE.encode()) == fields


def test_json_written_without_its_escape_is_read_by_the_careful_path(engine_fields):
    form = NGINX_JSON.layout(TEMPLATE)
    line = LINE.replace('\\"', "\\x22").replace("ann smith", "caf\\xC3\\xA9")
    assert engine_fields(form, line) is None
    found = NGINX_JSON.careful(form, line.encode())
    assert (found["u"], found["who"]) == ('/b?x="1"', "café")


@pytest.mark.parametrize("text", ["", "$remote_addr", "[1]", "{}"])
def test_a_layout_that_is_no_object_is_refused(text):
    with pytest.raises(ConfigError, match="not a json object"):
        NGINX_JSON.layout(text)


def test_the_template_may_stand_alone_and_its_clock_is_that_of_its_variable():
    clocks = {"$time_iso8601": "iso", "$time_local": "clf", "$msec": "epoch"}
    for variable, clock in clocks.items():
        form = NGINX_JSON.layout(f'{{"t":"{variable}","n":[{{"ip":$remote_addr}}]}}')
        assert (form.roles["time"], form.clock) == ("t", clock)


def test_the_most_exact_of_several_times_is_the_time():
    form = NGINX_JSON.layout('{"local":"$time_local","exact":$msec,"iso":"$time_iso8601"}')
    assert (form.roles["time"], form.clock) == ("exact", "epoch")


def test_a_template_without_a_time_is_refused():
    with pytest.raises(ConfigError, match="no time"):
        NGINX_JSON.layout('{"ip":"$remote_addr"}')


def test_a_request_line_plays_a_part_only_where_nothing_better_is_logged():
    alone = NGINX_JSON.layout('{"t":"$msec","r":"$request"}')
    beside = NGINX_JSON.layout('{"t":"$msec","r":"$request","m":"$request_method","u":"$request_uri"}')
    assert alone.roles["request"] == "r"
    assert "request" not in beside.roles


NAMED = (
    b'{"time_local":"09/Jan/2012:23:00:00 +0000","remote_addr":"192.0.2.1","request_uri":"/","status":"200","http_x_msisdn":"447700900123"}'
)


def test_keys_named_after_variables_are_recognised_by_their_names():
    guess = NGINX_JSON.sniff([NAMED, NAMED, b"x", b""])
    assert (guess.reader, guess.confidence) == ("nginx_json", pytest.approx(2 / 3))
    assert guess.layout.roles == {"time": "time_local", "client": "remote_addr", "uri": "request_uri", "status": "status"}
    assert (guess.layout.clock, guess.layout.headers) == ("clf", {"x-msisdn": "http_x_msisdn"})


def test_a_time_under_a_name_of_ones_own_is_found():
    layout = NGINX_JSON.sniff([NAMED.replace(b"time_local", b"@timestamp").replace(b"http_x_msisdn", b"http_referer")]).layout
    assert layout.roles["time"] == "@timestamp"


@pytest.mark.parametrize("changed", [(b"request_uri", b"u"), (b"09/Jan", b"31/Feb")])
def test_too_few_known_keys_or_no_time_are_not_recognised(changed):
    assert NGINX_JSON.sniff([NAMED.replace(*changed)]) is None


def test_lines_without_the_json_escape_are_recognised_too():
    line = NAMED.replace(b'"/"', rb'"/?q=\x22a\xC3\xA9\x22"')
    guess = NGINX_JSON.sniff([line])
    assert guess.confidence == 1
    assert NGINX_JSON.careful(guess.layout, line)["request_uri"] == '/?q="aé"'


@pytest.mark.parametrize(("raw", "reason"), [(b"\\x", "not a json object"), (b'{"a":"\\x2', "line ends inside the json object")])
def test_what_cannot_be_repaired_has_its_reason(raw, reason):
    assert NGINX_JSON.careful(NGINX_JSON.layout(TEMPLATE), raw) == reason
