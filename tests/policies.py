"""A policy with everything in it, for the tests of what is made of it."""

from pathlib import Path

from whosaw.edge import policy
from whosaw.edge.policy import Policy

GROUND = """
[[field]]
name = "msisdn"
header = "X-MSISDN"

[[field]]
name = "acr"
header = "X-ACR"
value = "acr"

[subscribers]
file = "subscribers.csv"

[log]
key_file = "log.key"
"""

ACCEPTED = 'accept = ["pattern-names", "unlisted-names", "cookies", "own-number", "expiry", "trailers"]\n'

PARTNERS = """
[[partner]]
agreement = "A-1"
hosts = ["music.example", ".tickets.example", "*.games.example"]
fields = ["msisdn"]

[[partner]]
agreement = "A-2"
hosts = ["bank.example"]
fields = ["msisdn", "acr"]
encoding = "sha256"
ports = [80, 8080]
path = "/billing/"
"""

PINNED = """
[[partner]]
agreement = "A-1"
hosts = ["music.example", "*.games.example"]
addresses = ["127.0.0.0/24"]
fields = ["msisdn"]

[[partner]]
agreement = "A-2"
hosts = [".tickets.example"]
addresses = ["127.0.0.8/29", "2001:db8::/32"]
fields = ["msisdn"]
"""

SUBSCRIBERS = "address,msisdn,acr\n127.0.0.2,447700900002,acr2\n127.0.0.3,447700900003,acr3\n"
KEY = "0123456789abcdef0123456789abcdef"


def written(folder: Path, partners: str = PARTNERS, *, head: str = ACCEPTED, ground: str = GROUND) -> Path:
    """Write a policy and what it refers to; return its path."""
    (folder / "subscribers.csv").write_text(SUBSCRIBERS)
    (folder / "log.key").write_text(KEY + "\n")
    (folder / "edge.toml").write_text(head + ground + partners)
    return folder / "edge.toml"


def loaded(folder: Path, partners: str = PARTNERS, *, head: str = ACCEPTED, ground: str = GROUND) -> Policy:
    """Return such a policy."""
    return policy.load(written(folder, partners, head=head, ground=ground))
