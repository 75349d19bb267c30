"""Lines of the usual formats, and what becomes of them in the hands of clients, servers and rotation."""

from hypothesis import strategies as st

CLF = '10.0.0.1 - u1 [05/Jan/2012:00:00:07 {zone}] "{request}" {status} {bytes}'
COMBINED = CLF + ' "{referer}" "{agent}"'


def combined(**parts):
    usual = {"zone": "+0000", "request": "GET /bill/7?a=b HTTP/1.1", "status": "200", "bytes": "512", "referer": "-"}
    return COMBINED.format(**usual | {"agent": "Mozilla/5.0 (X11; rv:9.0)"} | parts)


NAMED = {
    "TLS bytes": combined(request="\\x16\\x03\\x01\\x00u", status="400"),
    "raw TLS bytes": combined(request="\x16\x03\x01", status="400"),
    "no request": combined(request="-", status="408"),
    "an empty request": combined(request=""),
    "IPv6": combined().replace("10.0.0.1", "2001:db8::7"),
    "another offset": combined(zone="-0330"),
    "a zero byte": combined(agent="a\0b"),
    "a carriage return": combined() + "\r",
    "a long address": combined(request=f"GET /{'x' * 5000} HTTP/1.1"),
    "further fields": combined() + ' "10.1.1.1" 0.003',
    "a truncated line": combined()[:70],
    "an escaped quote": combined(agent='a \\"b\\" c'),
    "a hex quote": combined(agent="a \\x22b\\x22 c"),
    "a bare quote": combined(agent='a "b" c'),
    "an address with a space": combined(request="GET /a b HTTP/1.1"),
    "no bytes": combined(bytes="-"),
    "negative bytes": combined(bytes="-5"),
    "many bytes": combined(bytes="9" * 17),
    "an old protocol": combined(request="GET /"),
    "a name with a space": combined().replace("u1", "u 1"),
    "no month": combined().replace("Jan", "Foo"),
    "no day": combined().replace("05/Jan", "31/Feb"),
    "a leap second": combined().replace("00:00:07", "23:59:60"),
    "short numbers": combined().replace("00:00:07", "0:0:7"),
    "a century ahead": combined().replace("2012", "2112"),
    "the end of time": combined().replace("05/Jan/2012:00:00:07", "31/Dec/2099:23:59:59"),
    "blank": "",
    "spaces": "   ",
}
"""Lines that were met in real logs, each with what is odd about it."""

PATCHES = [
    "",
    "-",
    '"',
    '""',
    " ",
    "  ",
    "\\x22",
    '\\"',
    "\r",
    "\0",
    "é",
    "[",
    "]",
    ",",
    " , ",
    " HTTP/1.1",
    "GET",
    "9" * 20,
    "1.2.3",
    ".5",
    "5.",
    "--",
]
PATCHES += [
    "05/Jan/2012:00:00:61 +0000",
    "2012-01-05T00:00:07.12345",
    "31/Feb/2012:00:00:01 +0000",
    "05/jan/2012:0:0:1 +0000",
    "\x16\x03\x01",
]


@st.composite
def damaged(draw, text):
    """A line with none, one or two of its stretches replaced."""
    for _ in range(draw(st.integers(0, 2))):
        a = draw(st.integers(0, len(text)))
        b = min(len(text), a + draw(st.sampled_from([0, 1, 2, 9, 30])))
        other = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=3)
        text = text[:a] + draw(st.sampled_from(PATCHES) | other) + text[b:]
    return text
