"""What does the operator's nginx do? It stands before the three applications, keeps what may be kept, and writes their access logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.live.processes import Process, account

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from whosaw.drill.live.faults import Switches

PORTAL_LAYOUT = (
    '$remote_addr - $login [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
    ' rid="$request_id" sid="$session" browser="$browser" shown="$upstream_http_x_customer" made_for="$upstream_http_x_session"'
    ' cache="$upstream_cache_status"'
)
"""Who asks is taken from the request, never from the answer: that may have been made for somebody else and kept.
The names of login and session stand before the secret in cookie and token; the secret is not logged."""

_HTTP = """\
daemon off;
@account
worker_processes 1;
pid @home/nginx.pid;
error_log @home/error.log warn;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path @home/body; proxy_temp_path @home/proxy; fastcgi_temp_path @home/fastcgi;
    uwsgi_temp_path @home/uwsgi; scgi_temp_path @home/scgi;
    proxy_cache_path @home/pages keys_zone=pages:1m;
    keepalive_timeout 30s;
    server_tokens off;

    map $cookie_me $at_browser { default ""; "~^(?<marked>[^. ]+)\\." $marked; }
    map $cookie_me $browser { default ""; "~^[^. ]+\\.(?<mark>[0-9a-f]+)\\." $mark; }
    map $http_authorization $login { default $at_browser; "~^Bearer (?<named>[^~ ]+)~" $named; }
    map $cookie_sid $in_browser { default ""; "~^(?<opened>[0-9a-f]+)\\." $opened; }
    map $http_authorization $session { default $in_browser; "~^Bearer [^~ ]+~(?<token>[0-9a-f]+)~" $token; }
    log_format portal '@portal_layout';
    log_format plain '$remote_addr - - [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"';

    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Request-Id $request_id;
    @hidden
    proxy_cache_key $scheme$http_host$request_uri;
@servers}
"""

_SERVER = """
    upstream @name { server @address:@behind; keepalive 16; }
    server {
        listen @address:@port;
        access_log @logs/@name/access.log @layout;
        location / { proxy_pass http://@name; }
@more    }
"""

_HELP = """\
        # Help is the same for all: it may be kept, but for the answers that carry somebody's cookie.
        location /help {
            proxy_pass http://portal;
            proxy_cache pages;
            @cookie
        }
"""
_HELP_WITH_COOKIE = "proxy_ignore_headers Cache-Control Set-Cookie; proxy_cache_valid 200 @seconds;"

_PHONEBOOK = """\
        # The fault of Steam (2015) and Klarna (2021): what an application calls private is kept all the same.
        location = /me/phonebook {
            proxy_pass http://portal;
            proxy_cache pages;
            proxy_ignore_headers Cache-Control Set-Cookie;
            @hidden proxy_hide_header Set-Cookie;
            proxy_cache_valid 200 @seconds;
        }
"""


_HIDDEN = "proxy_hide_header X-Customer; proxy_hide_header X-Session;"


class Front(NamedTuple):
    """An application that nginx stands before: its name, the port of nginx, and its own."""

    name: str
    port: int
    behind: int


def configuration(home: Path, logs: Path, *, address: str, fronts: Sequence[Front], faults: Switches) -> str:
    """Return the text of nginx.conf."""
    servers = "".join(
        _filled(
            _SERVER.replace("@more", _portal_places(faults) if front.name == "portal" else ""),
            name=front.name, address=address, behind=front.behind, port=front.port, logs=logs,
            layout="portal" if front.name == "portal" else "plain",
        )
        for front in fronts
    )  # fmt: skip
    who = f"user {account()};" if account() == "root" else ""
    return _filled(_HTTP, account=who, home=home, portal_layout=PORTAL_LAYOUT, servers=servers)


def _portal_places(faults: Switches) -> str:
    cookie = _filled(_HELP_WITH_COOKIE, seconds=f"{faults['cached-cookie']:g}s") if faults.on("cached-cookie") else ""
    phonebook = _filled(_PHONEBOOK, seconds=f"{faults['cached-page']:g}s") if faults.on("cached-page") else ""
    return _filled(_HELP, cookie=cookie).replace("            \n", "") + phonebook


def _filled(text: str, **values: object) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}", str(value))
    return text.replace("@hidden", _HIDDEN)


def start(home: Path, logs: Path, *, address: str, fronts: Sequence[Front], faults: Switches) -> Process:
    """Return nginx, running, with its configuration in its own folder."""
    home.mkdir()
    for front in fronts:
        (logs / front.name).mkdir(parents=True, exist_ok=True)
    file = home / "nginx.conf"
    file.write_text(configuration(home, logs, address=address, fronts=fronts, faults=faults), encoding="utf-8")
    arguments = ["-p", str(home), "-c", str(file), "-e", str(home / "error.log")]
    return Process("nginx", arguments, address=address, port=fronts[-1].port, talk=home / "talk.log")
