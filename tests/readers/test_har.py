import json

from whosaw.readers.har import HAR, layout

ENTRY = {
    "startedDateTime": "2012-01-09T23:00:00.000+00:00",
    "serverIPAddress": "198.51.100.1",
    "request": {
        "method": "GET",
        "url": "http://m.example:8080/bill?x=1#top",
        "headers": [{"name": "X-MSISDN", "value": "447700900123"}, {"name": "Via", "value": "a"}, {"name": "via", "value": "b"}],
        "cookies": [{"name": "SID", "value": "s1"}],
    },
    "response": {"status": 200, "headers": [{"name": "X-Cache", "value": "HIT"}], "content": {"size": 5, "mimeType": "text/html"}},
}


def rows(*entries):
    return list(HAR.document(json.dumps({"log": {"version": "1.2", "entries": list(entries)}}).encode()))


def test_an_entry_is_a_row_with_headers_and_cookies():
    (row,) = rows(ENTRY)
    assert row == {
        "time": "2012-01-09T23:00:00.000+00:00",
        "method": "GET",
        "url": "http://m.example:8080/bill?x=1#top",
        "uri": "/bill?x=1",
        "host": "m.example:8080",
        "status": "200",
        "bytes": "5",
        "content_type": "text/html",
        "server_ip": "198.51.100.1",
        "request_header_x_msisdn": "447700900123",
        "request_header_via": "a, b",
        "response_header_x_cache": "HIT",
        "cookie_sid": "s1",
    }


def test_a_bad_entry_yields_its_reason_and_the_others_are_read():
    found = rows(ENTRY | {"startedDateTime": "x"}, "x", ENTRY | {"request": None}, ENTRY | {"request": {"url": "http://[::1"}}, ENTRY)
    assert found[:4] == ["time cannot be read", "the entry is not a json object", "the entry has no request", "the address cannot be read"]
    assert found[4]["status"] == "200"


def test_a_document_that_is_none_yields_one_reason():
    assert list(HAR.document(b'{"log": {"entr')) == ["not valid json"]
    assert list(HAR.document(b'{"log": {}}')) == ["no entries in the document"]


def test_wanted_headers_are_named_in_the_layout():
    assert layout("X-Up-Calling-Line-ID").headers["x-up-calling-line-id"] == "request_header_x_up_calling_line_id"
    assert HAR.careful(layout(""), json.dumps(ENTRY).encode())["request_header_x_msisdn"] == "447700900123"


def test_the_beginning_of_a_document_is_enough_to_recognise_it():
    start = b'\xef\xbb\xbf{\n  "log": {\n    "version": "1.2",\n    "creator": {"name": "b"},'.split(b"\n")
    assert HAR.sniff(start).confidence == 0.5
    assert HAR.sniff([b'{"log": "x"}']) is None
