"""What has the operator told us about the watch: what comes in, who is told, where it says how it stands? Errors name the key."""

from __future__ import annotations

from typing import Literal
from urllib.parse import SplitResult, urlsplit

from whosaw.config.tables import Table, seconds
from whosaw.errors import ConfigError


class Syslog(Table, frozen=True, kw_only=True):
    """Which messages of a listener are a source's, and what TLS needs."""

    app: str | list[str] = []
    host: str | list[str] = []
    cert: str = ""
    key: str = ""
    client_ca: str = ""


Level = Literal["low", "medium", "high", "very high"]


class Tell(Table, frozen=True, kw_only=True):
    """Somebody who is told of incidents, and how."""

    kind: Literal["webhook", "email", "syslog"]
    name: str = ""
    url: str
    when: tuple[Literal["new", "revised", "withdrawn"], ...] = ("new", "revised", "withdrawn")
    severity: Level = "low"
    timeout: str = "10s"
    secret_file: str = ""
    secret_env: str = ""
    username: str = ""
    sender: str = ""
    to: list[str] = []
    starttls: bool = True
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def channel(self) -> str:
        """The name under which its messages wait."""
        return self.name or self.kind

    def __repr__(self) -> str:
        """Say which, and nothing of the address: the path of a webhook is often a secret."""
        return f"Tell(kind={self.kind!r}, channel={self.channel!r})"


class Watch(Table, frozen=True, kw_only=True):
    """How `whosaw watch` runs: how often it judges, where it says how it stands, whom it tells."""

    batch: str = "2s"
    metrics: str = ""
    connections: int = 1000
    message_kib: int = 64
    spool_mib: int = 4096
    keep_trying: str = "3d"
    tell: list[Tell] = []


def check_listeners(sources: list[tuple[str, Syslog]]) -> None:
    """Check where is listened, and that every message of a shared address has one source."""
    shared: dict[str, list[tuple[str, Syslog]]] = {}
    for i, (listen, syslog) in enumerate(sources):
        key = f"source[{i}]"
        if not listen:
            if syslog != Syslog():
                raise ConfigError(f"`{key}.syslog` is set without `{key}.listen`", hint='for example listen = "tls://0.0.0.0:6514"')
            continue
        place = _address(f"{key}.listen", listen, ("tcp", "tls"))
        if place.scheme == "tls" and not (syslog.cert and syslog.key):
            raise ConfigError(f"`{key}.syslog` lacks `cert` or `key`", hint="tls:// needs the PEM files of a certificate and of its key")
        if place.scheme == "tcp" and (syslog.cert or syslog.key or syslog.client_ca):
            raise ConfigError(f"`{key}.syslog` names certificates, but `{key}.listen` is tcp://", hint="write tls:// to use them")
        shared.setdefault(listen, []).append((key, syslog))
    for listen, those in shared.items():
        _check_shared(listen, those)


def _check_shared(listen: str, those: list[tuple[str, Syslog]]) -> None:
    for key, syslog in those[1:]:
        if (syslog.cert, syslog.key, syslog.client_ca) != (those[0][1].cert, those[0][1].key, those[0][1].client_ca):
            raise ConfigError(
                f"`{key}.syslog` and `{those[0][0]}.syslog` share `{listen}` and differ in `cert`, `key` or `client_ca`",
                hint="write the same in both, or listen at another port",
            )
    greedy = [key for key, syslog in those if not syslog.app and not syslog.host]
    if greedy and greedy != [those[-1][0]]:
        raise ConfigError(
            f"`{greedy[0]}.syslog` takes every message of `{listen}`, which other sources share",
            hint="name the applications (app) or hosts (host) of each; only the last source may take the rest",
        )


def _address(key: str, url: str, schemes: tuple[str, ...]) -> SplitResult:
    """Return the parts of an address with a host; its text is not shown, because it may hold a secret."""
    try:
        place = urlsplit(url)
        fine = place.scheme in schemes and place.hostname and place.username is None
        needs_port = place.scheme in {"tcp", "tls"} and place.port is None
    except ValueError:
        fine, needs_port = False, False
    if not fine or needs_port:
        forms = " or ".join(f"{scheme}://host:port" for scheme in schemes)
        raise ConfigError(f"`{key}` is no address, expected {forms}", hint="see docs/reference/settings.md for an example of each")
    return place


_SCHEMES = {"webhook": ("https", "http"), "email": ("smtp", "smtps"), "syslog": ("tcp", "tls")}


def check_watch(watch: Watch) -> None:
    """Check how the watch runs, and that everybody who is told can be reached. Raises `ConfigError`."""
    for name in ("batch", "keep_trying"):
        if seconds(getattr(watch, name), f"watch.{name}") < 1:
            raise ConfigError(f"`watch.{name}` is nothing, expected a length of time", hint='write for example `"2s"` or `"7d"`')
    for name in ("connections", "message_kib", "spool_mib"):
        if getattr(watch, name) < 1:
            raise ConfigError(f"`watch.{name}` is `{getattr(watch, name)}`, expected at least 1", hint="leave it out for its default")
    if watch.metrics:
        endpoint(watch.metrics)
    for i, tell in enumerate(watch.tell):
        _check_tell(f"watch.tell[{i}]", tell)
    names = [tell.channel for tell in watch.tell]
    for name in {n for n in names if names.count(n) > 1}:
        raise ConfigError(f"`watch.tell.name` `{name}` stands twice", hint="give each a name of its own: messages wait under it")


def _check_tell(key: str, tell: Tell) -> None:
    _address(f"{key}.url", tell.url, _SCHEMES[tell.kind])
    if seconds(tell.timeout, f"{key}.timeout") < 1:
        raise ConfigError(f"`{key}.timeout` is nothing, expected a length of time", hint='write for example `"10s"`')
    if tell.secret_file and tell.secret_env:
        raise ConfigError(f"`{key}` has both `secret_file` and `secret_env`", hint="the secret stands in one place")
    if tell.kind == "email" and not (tell.sender and tell.to):
        raise ConfigError(
            f"`{key}` lacks `sender` or `to`", hint='for example sender = "whosaw@operator.example", to = ["privacy@operator.example"]'
        )
    if tell.kind == "webhook" and not (tell.secret_file or tell.secret_env):
        raise ConfigError(
            f"`{key}` lacks `secret_file` or `secret_env`", hint="messages are signed, so that the receiver knows whose they are"
        )


def endpoint(text: str, key: str = "`watch.metrics`") -> tuple[str, int]:
    """Return host and port of an address; a mere port means this machine alone. Raises `ConfigError` that names the key."""
    host, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ConfigError(f"{key} is `{text}`, expected an address and a port", hint='for example `"127.0.0.1:9464"`')
    return host.strip("[]") or "127.0.0.1", int(port)
