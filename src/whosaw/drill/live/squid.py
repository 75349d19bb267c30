"""What does the operator's gateway do? A real Squid that tells partners the number of their visitors, and nobody else."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from whosaw.drill.live.processes import CannotStartError, Process, account
from whosaw.drill.live.sites import HEADER, NAMED, PARTNER_HOSTS, STRANGER_HOSTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from whosaw.drill.live.faults import Switches

LAYOUT = "%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %{msisdn}note %master_xaction %mt"

_NOBODY = "proxy"
"""Whom Debian's package makes for Squid, which refuses to work as root."""

_LOOKUP = """\
#!/bin/sh
# Which line has this address at this moment? The answer of an operator's RADIUS sessions.
while read -r id address rest; do
    number=$(sed -n "s/^$address //p" @home/addresses)
    if [ -n "$number" ]; then echo "$id OK msisdn=$number"; else echo "$id ERR"; fi
done
"""

_SQUID = """\
http_port @address:@port
visible_hostname gateway.example
cache_effective_user @account
pid_filename none
cache_log @home/cache.log
coredump_dir @home
hosts_file @home/hosts
dns_nameservers 127.0.0.1
shutdown_lifetime 0 seconds
pinger_enable off
cache deny all
via off
forwarded_for delete

# Nothing but the make-believe sites is reached through here.
acl sites port @sites
acl make_believe dstdomain .example
http_access deny !sites
http_access deny !make_believe

acl partners dstdomain "@home/partners"
external_acl_type lines ttl=300 negative_ttl=10 concurrency=16 children-max=1 children-startup=1 %SRC @home/lookup
acl known external lines
acl has_number note msisdn
@condition
http_access allow all
request_header_access @header deny all
request_header_add @header "%{msisdn}note" has_number
request_header_add @named "%master_xaction" all

logformat whosaw @layout
access_log stdio:@logs/access.log whosaw
"""

_RIGHT = "http_access allow partners known"
_WRONG = "# The partner list in front of the look-up got lost in maintenance (O2, January 2012).\nhttp_access allow known"


class Net(NamedTuple):
    """What the gateway stands between: its own address and port, the port of the sites, whose number has which address, and who is told."""

    address: str
    port: int
    sites: int
    phones: Mapping[str, str]
    partners: Sequence[str]


def configuration(home: Path, logs: Path, *, net: Net, faults: Switches) -> str:
    """Return the text of squid.conf."""
    values = {
        "@address": net.address, "@port": net.port, "@account": _runs_as(), "@home": home, "@sites": net.sites, "@header": HEADER,
        "@named": NAMED, "@logs": logs, "@layout": LAYOUT, "@condition": _WRONG if faults.on("header-to-everyone") else _RIGHT,
    }  # fmt: skip
    text = _SQUID
    for name, value in values.items():
        text = text.replace(name, str(value))
    return text


def start(home: Path, logs: Path, *, net: Net, faults: Switches) -> Process:
    """Return Squid, running, with its configuration in its own folder."""
    for folder in (home, logs):
        folder.mkdir(parents=True)
    texts = {
        "hosts": f"{net.address} {' '.join((*PARTNER_HOSTS, *STRANGER_HOSTS))}\n",
        "partners": "".join(f"{site}\n" for site in net.partners),
        "addresses": "".join(f"{place} {number}\n" for place, number in net.phones.items()),
        "lookup": _LOOKUP.replace("@home", str(home)),
        "squid.conf": configuration(home, logs, net=net, faults=faults),
    }
    for name, text in texts.items():
        (home / name).write_text(text, encoding="utf-8")
    (home / "lookup").chmod(0o755)
    _hand_over(home, logs)
    # Its own name keeps its shared memory apart from that of any other Squid on this machine.
    arguments = ["-N", "-n", f"whosaw{net.port}", "-f", str(home / "squid.conf")]
    return Process("squid", arguments, address=net.address, port=net.port, talk=home / "talk.log")


def _runs_as() -> str:
    return _NOBODY if account() == "root" else account()


def _hand_over(*folders: Path) -> None:
    """Give the folders to whom Squid becomes, who must be able to get there."""
    if account() != "root":
        return
    for folder in folders:
        closed = next((parent for parent in folder.parents if not parent.stat().st_mode & 0o001), None)
        if closed is not None:
            raise CannotStartError(
                f"Squid does not work as root, and its account `{_NOBODY}` cannot enter `{closed}`",
                hint="run as somebody else, or name a folder with --dir that is open to others, below /tmp for example",
            )
        shutil.chown(folder, _NOBODY)
