"""What stands around the compiled rules while they are proved? As little as will do: a port, the way to the origins, a log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from whosaw.edge.dialects.nginx import LOG, RULES

if TYPE_CHECKING:
    from pathlib import Path

    from whosaw.edge.verify.raw import Address


class Around(NamedTuple):
    """Where everything is: our folder and that of the rules, the port and its addresses, the origins, and the partners' hosts."""

    folder: Path
    place: Path
    main: str
    listen: tuple[str, ...]
    port: int
    partner: Address
    stranger: Address
    hosts: tuple[str, ...]


def with_brackets(address: str) -> str:
    """Return an address as it stands before a port."""
    return f"[{address}]" if ":" in address else address


def squid(around: Around) -> str:
    """Return a forward proxy; a tunnel is led to the server itself, everything else by the host in its address."""
    (around.folder / "partners.txt").write_text("".join(f"{host}\n" for host in around.hosts), encoding="ascii")
    (around.folder / "hosts").write_text("".join(f"127.0.0.1 {host}\n" for host in (*around.hosts, "stranger.example")), encoding="ascii")
    log = around.folder / "access.log"
    log.touch()
    log.chmod(0o666)  # Squid gives up the rights of root before it writes
    lines = [f"http_port {with_brackets(address)}:{around.port}" for address in around.listen]
    lines += ["cache_effective_user proxy"] if os.getuid() == 0 else []
    lines += [
        "visible_hostname whosaw-verify",
        "pid_filename none",
        "cache_log /dev/null",
        "cache deny all",
        "cache_mem 8 MB",
        "pinger_enable off",
        "netdb_filename none",
        f"hosts_file {around.folder}/hosts",
        "dns_nameservers 127.0.0.1",
        f"include {around.place}/{around.main}",
        f"access_log stdio:{log} whosaw",
        f'acl verify_partners dstdomain -n "{around.folder}/partners.txt"',
        "acl verify_tunnel method CONNECT",
        *_peer("partner", around.partner, "allow verify_partners", "deny all"),
        *_peer("stranger", around.stranger, "deny verify_partners", "allow all"),
        "never_direct deny verify_tunnel",
        "never_direct allow all",
        "http_access allow all",
    ]
    return "".join(f"{line}\n" for line in lines)


def _peer(name: str, address: Address, *rules: str) -> list[str]:
    peer = f"cache_peer {address[0]} parent {address[1]} 0 no-query no-digest no-netdb-exchange originserver name=verify_{name}"
    return [peer, *(f"cache_peer_access verify_{name} {rule}" for rule in rules)]


def haproxy(around: Around) -> str:
    """Return a frontend that inherits the rules, and a backend for each origin."""
    (around.folder / "partners.lst").write_text("".join(f"{host}\n" for host in around.hosts), encoding="ascii")
    binds = "".join(f"    bind {with_brackets(address)}:{around.port}\n" for address in around.listen)
    return f"""global
    stats socket {around.folder}/socket mode 600 level admin
defaults verify
    mode http
    timeout connect 5s
    timeout server 20s
frontend verify from whosaw
{binds}    timeout client 20s
    log stdout format raw local0
    acl verify_partners req.fhdr(host),lower,host_only,rtrim(.) -m str -f {around.folder}/partners.lst
    use_backend partner if verify_partners
    default_backend stranger
backend partner from verify
    server origin {around.partner[0]}:{around.partner[1]}
backend stranger from verify
    server origin {around.stranger[0]}:{around.stranger[1]}
"""


def nginx(around: Around) -> str:
    """Return a server whose only location includes the rules."""
    listed = "".join(f"    {host} {around.partner[0]}:{around.partner[1]};\n" for host in around.hosts)
    listens = "".join(f"    listen {with_brackets(address)}:{around.port};\n" for address in around.listen)
    paths = "".join(f"{kind}_temp_path {around.folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""pid {around.folder}/nginx.pid;
error_log {around.folder}/error.log notice;
worker_processes 1;
events {{ worker_connections 1024; }}
http {{
{paths}include {around.place}/{around.main};
log_format whosaw '{LOG}';
access_log {around.folder}/access.log whosaw;
map $host $verify_origin {{
    default {around.stranger[0]}:{around.stranger[1]};
{listed}}}
server {{
{listens}    location / {{
        include {around.place}/{RULES};
        proxy_set_header Host $http_host;
        proxy_pass http://$verify_origin;
    }}
}}
}}
"""


SURROUNDINGS = {"squid": squid, "haproxy": haproxy, "nginx": nginx}
"""Proxy -> what makes its own configuration around the rules."""
