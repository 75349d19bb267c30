"""What does it take to try compiled rules on a real proxy? A folder with customers and keys, the origins, the proxy, and what changes it."""

from __future__ import annotations

import csv
import hmac
import io
import secrets
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from whosaw.edge import subscribers
from whosaw.edge.compiled import write
from whosaw.edge.dialects import DIALECTS
from whosaw.edge.verify.changing import Live
from whosaw.edge.verify.probes import NEEDS, PROBES
from whosaw.edge.verify.running import Running, command, free_port
from whosaw.edge.verify.scene import invented, listed, local, reassigned, stage
from whosaw.edge.verify.sending import Door
from whosaw.edge.verify.surroundings import SURROUNDINGS, Around

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from whosaw.edge.compiled import Compiled
    from whosaw.edge.policy import Policy
    from whosaw.edge.verify.origins import Origins
    from whosaw.edge.verify.scene import Customer, Scene


class Stage:
    """A folder in which one policy is tried on one proxy, with any of its rules left out."""

    def __init__(self, policy: Policy, target: str, moment: datetime, folder: Path, origins: Origins) -> None:
        """Compile the policy into the folder, for customers who are made up."""
        folder.chmod(0o755)  # a proxy gives up the rights of root
        self.target, self._folder, self._origins, self._moment = target, folder, origins, moment
        self.keeps = target == "squid" and bool(policy.icap.url)
        self._policy = local(policy, folder, keep=self.keeps)
        if self._policy.log.key_file:
            (folder / self._policy.log.key_file).write_text(secrets.token_hex(32), encoding="ascii")
        customers = listed(policy) if self.keeps else invented(policy)
        if not self.keeps:
            self._enrol(customers)
        self.compiled = self._made()
        write(self.compiled, self.place)
        ports = tuple((name, address[1]) for name, address in origins.addresses.items())
        self.scene: Scene = stage(self._policy, moment, customers)._replace(open_gaps=left_open(self.compiled, policy), ports=ports)
        self._hosts = _partners(self.scene)

    @property
    def place(self) -> Path:
        """The folder of the compiled rules."""
        return self._folder / "rules"

    def _made(self) -> Compiled:
        return DIALECTS[self.target](self._policy, self._moment, self.place)

    @contextmanager
    def running(self) -> Iterator[Live]:
        """Run the proxy with the rules as they lie in the folder."""
        self._log.unlink(missing_ok=True)
        port = free_port()
        listen = ("127.0.0.1", *(set(self.scene.places) - {"127.0.0.1"} if self._policy.intercepted else ()))
        origins = self._origins.addresses
        around = Around(self._folder, self.place, self.compiled.main, listen, port, origins["partner"], origins["stranger"], self._hosts)
        own = self._folder / f"{self.target}.conf"
        own.write_text(SURROUNDINGS[self.target](around), encoding="utf-8")
        files = (self.place / self.compiled.main, own) if self.target == "haproxy" else (own,)
        with Running(command(self.target, self._folder, *files), port) as proxy:
            door = Door(("127.0.0.1", port), "absolute" if self.target == "squid" else "origin")
            yield Live(
                self.scene, door, self._origins, proxy.reload, lambda those: self._assign(those, proxy), self._logged, self._tokens()
            )

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Leave a rule out of the files, as long as the context lasts."""
        files = {rule.file for rule in self.compiled.rules if rule.name == name}
        left = self.compiled.without(name).files()
        before = {file: (self.place / file).read_bytes() for file in files}
        for file in files:
            (self.place / file).write_text(left.get(file, ""), encoding="utf-8")
        try:
            yield
        finally:
            for file, data in before.items():
                (self.place / file).write_bytes(data)

    def _enrol(self, customers: tuple[Customer, ...]) -> None:
        """Write the operator's file of who has which address, in place of the one before."""
        text = io.StringIO()
        rows = csv.writer(text)
        rows.writerow(("address", *customers[0].values))
        rows.writerows((customer.address, *customer.values.values()) for customer in customers)
        fresh = self._folder / "subscribers.new"
        fresh.write_text(text.getvalue(), encoding="utf-8")
        fresh.rename(self._folder / self._policy.subscribers.file)

    def _assign(self, customers: tuple[Customer, ...], proxy: Running) -> None:
        """Give the addresses to customers, in the way in which the proxy is told of it: Squid asks, the others are told."""
        self._enrol(customers)
        if self.target == "squid":
            return
        made = self._made().files()
        for name in self.compiled.secret:
            (self.place / name).write_text(made[name], encoding="utf-8")
        if self.target == "haproxy":
            self._set_maps()
        else:
            proxy.reload()

    def _set_maps(self) -> None:
        """Change HAProxy's maps while it runs, as an operator does; they are in memory, the files are for its next start."""
        for address, values in subscribers.told(self._policy, subscribers.read(self._policy)):
            for name, value in values.items():
                with socket.socket(socket.AF_UNIX) as control:
                    control.connect(str(self._folder / "socket"))
                    control.sendall(f"set map {self.place / name}.map {address} {value}\n".encode())
                    control.shutdown(socket.SHUT_WR)
                    while control.recv(4096):
                        pass

    @property
    def _log(self) -> Path:
        return self._folder / ("haproxy.talk" if self.target == "haproxy" else "access.log")

    def _logged(self) -> bytes:
        """Return what the proxy logged, after a moment in which nothing is added."""
        size = -1
        while self._log.exists() and size != self._log.stat().st_size:
            size = self._log.stat().st_size
            time.sleep(0.1)
        return self._log.read_bytes() if self._log.exists() else b""

    def _tokens(self) -> tuple[bytes, ...]:
        """Return the tokens with which logs name the customers, those who come later too."""
        if not self._policy.log.key_file:
            return ()
        key = (self._folder / self._policy.log.key_file).read_bytes().strip()
        those = (*self.scene.known, reassigned(self.scene.customers[0]))
        return tuple(hmac.new(key, each.values["msisdn"].encode(), "sha256").hexdigest().encode() for each in those)


def left_open(compiled: Compiled, policy: Policy) -> tuple[str, ...]:
    """Return the gaps that the policy accepts and that neither the proxy nor an ICAP service closes."""
    opened = (gap for gap, (how, _) in compiled.gaps.items() if how == "none" or (how == "icap" and not policy.icap.url))
    return tuple(gap for gap in opened if gap in policy.accept)


def _partners(scene: Scene) -> tuple[str, ...]:
    """Return the hosts that are asked by some probe and stand in an agreement: their requests are led to the partners' origin."""
    asked = {ask.request.host for probe in PROBES if NEEDS[probe.needs][0](scene) for trip in probe.trips(scene) for ask in trip.asks}
    return tuple(sorted(host.lower() for host in asked if host.isascii() and scene.is_partner(host) and not host.endswith(".")))
