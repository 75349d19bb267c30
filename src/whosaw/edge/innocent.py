"""Which names may leave in quarantine? Those of HTTP itself (RFC 9110 and its companions) and what browsers need; nothing else."""

NAMES: tuple[str, ...] = (
    *("Accept", "Accept-Charset", "Accept-Datetime", "Accept-Encoding", "Accept-Language", "Access-Control-Request-Headers"),
    *("Access-Control-Request-Method", "Authorization", "Cache-Control", "Content-Encoding", "Content-Language", "Content-Type", "Cookie"),
    *("Date", "DNT", "Expect", "If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Last-Event-ID"),
    *("Max-Forwards", "Origin", "Pragma", "Priority", "Purpose", "Range", "Referer", "Sec-CH-UA", "Sec-CH-UA-Mobile", "Sec-CH-UA-Platform"),
    *("Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Sec-GPC", "Sec-WebSocket-Extensions", "Sec-WebSocket-Key"),
    *("Sec-WebSocket-Protocol", "Sec-WebSocket-Version", "Traceparent", "Upgrade-Insecure-Requests", "User-Agent", "X-CSRF-Token"),
    "X-Requested-With",
)
"""End to end. What a proxy decides for itself (Host, Connection, Content-Length, Transfer-Encoding, TE, Upgrade) is not here."""

HOP = ("Connection", "Content-Length", "Host", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade")
"""What a proxy needs for itself."""
