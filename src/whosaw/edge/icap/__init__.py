"""How is that found which no list of names can find? An ICAP service (RFC 3507) that looks into each request, and into pages of a portal."""
