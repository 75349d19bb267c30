"""How does the live operator come to life, and how does it end? One folder, one lock, three applications, two real proxies."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from whosaw.drill.live import nginx, squid
from whosaw.drill.live.bills import BillManager
from whosaw.drill.live.cast import make_cast
from whosaw.drill.live.crm import AUDIT, CONTACTS, CareSystem
from whosaw.drill.live.nginx import Front
from whosaw.drill.live.openapi import BILLS, CRM, PORTAL
from whosaw.drill.live.outcome import conclude
from whosaw.drill.live.portal import Portal
from whosaw.drill.live.processes import PATIENCE, CannotStartError, free_port, program
from whosaw.drill.live.settings import LOGS, settings, write_lists
from whosaw.drill.live.sites import Sites, partners
from whosaw.drill.live.store import Store
from whosaw.drill.live.targets import write_targets
from whosaw.drill.live.web import Server, loopback, pages
from whosaw.drill.live.witness import CsvLines, JsonLines, Witness

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from whosaw.drill.live.faults import Switches
    from whosaw.drill.live.web import Answer, Request

FACTS = "operator.json"
"""What a probe, a test or a person needs to know, in the folder of the run."""

_LOCK = "operator.lock"
_DOCUMENTS = {"portal": PORTAL, "bills": BILLS, "crm": CRM}


class Operator:
    """The live operator, running from the moment it is made until it is closed."""

    def __init__(self, out: Path, *, faults: Switches, clock: Callable[[], float], seed: int = 7, address: str = "127.0.0.1") -> None:
        """Start everything; `CannotStartError` says what is in the way, and then nothing is left running."""
        self.out, self.faults, self.seed, self.address = out.resolve(), faults, seed, loopback(address)
        self._clock = clock
        for name in ("nginx", "squid"):
            program(name)
        with ExitStack() as stack:
            stack.callback(_room(self.out))
            self._start(stack)
            self._running = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End everything that was started, and say what was really shown wrongly."""
        self._running.close()

    def fallen(self) -> str:
        """Return the name of a proxy that has ended by itself, or nothing."""
        return next((proxy.name for proxy in self.proxies if not proxy.runs()), "")

    def _start(self, stack: ExitStack) -> None:
        """Start the parts in the order in which they need each other; the stack ends them in the opposite one."""
        self.cast = make_cast(self.seed, now=int(self._clock()))
        write_lists(self.out / "registry", self.cast)
        (self.out / "whosaw.toml").write_text(settings(), encoding="utf-8")
        stack.callback(conclude, self.out, self.faults, self.cast, self.seed)
        store = stack.enter_context(closing(Store(self.out / "data.sqlite", self.cast)))
        witness = stack.enter_context(closing(Witness(self.out / "truth.jsonl", self.faults, self._clock)))
        applications = self._applications(stack, store, witness)
        fronts = [Front(name, free_port(self.address), self._serve(stack, respond)) for name, respond in applications.items()]
        agreed = partners(self.cast.carrier.partners, self._clock())
        self.sites_port = self._serve(stack, Sites(store, witness, agreed).answer)
        self._proxies(stack, fronts, agreed)
        self._tell()

    def _applications(self, stack: ExitStack, store: Store, witness: Witness) -> dict[str, Callable[[Request], Answer]]:
        contacts = stack.enter_context(closing(CsvLines(self.out / "registry" / "contacts.csv", CONTACTS)))
        audit = stack.enter_context(closing(CsvLines(self.out / LOGS["crm"], AUDIT)))
        shown = stack.enter_context(closing(JsonLines(self.out / LOGS["bills"])))
        care = CareSystem(store, self.faults, witness, self._clock, audit, contacts)
        self.switch_key = care.switch_key
        return {
            "portal": pages(Portal(store, self.faults, witness, self._clock, self.seed).routes()),
            "bills": pages(BillManager(store, self.faults, witness, self._clock, shown).routes()),
            "crm": pages(care.routes()),
        }

    def _proxies(self, stack: ExitStack, fronts: Sequence[Front], agreed: Sequence[str]) -> None:
        logs, port = self.out / "logs", free_port(self.address)
        front = nginx.start(self.out / "nginx", logs, address=self.address, fronts=fronts, faults=self.faults)
        stack.callback(front.close)
        net = squid.Net(self.address, port, self.sites_port, self.phones(), agreed)
        gateway = squid.start(self.out / "squid", logs / "gateway", net=net, faults=self.faults)
        stack.callback(gateway.close)
        self.proxies = (front, gateway)
        ports = {place.name: place.port for place in fronts} | {"gateway": port}
        self.urls = {name: f"http://{self.address}:{number}" for name, number in ports.items()}

    def _serve(self, stack: ExitStack, respond: Callable[[Request], Answer]) -> int:
        return stack.enter_context(closing(Server(respond, self.address))).port

    def phones(self) -> dict[str, str]:
        """Return the address and the number of each phone that surfs through the gateway."""
        known = {identity.name: identity.number for identity in self.cast.identities}
        lines = [line.number for line in self.cast.carrier.lines() if line.until is None][:_PHONES]
        return {self.address: known["ann"], "127.0.2.2": known["bob"]} | {f"127.0.1.{i}": number for i, number in enumerate(lines, 1)}

    def facts(self) -> dict[str, Any]:
        """Return what stands in `operator.json`."""
        return {
            "pid": os.getpid(),
            "processes": {proxy.name: proxy.pid for proxy in self.proxies},
            "seed": self.seed,
            "faults": dict(self.faults),
            "urls": self.urls,
            "sites": self.sites_port,
            "identities": [identity.facts() for identity in self.cast.identities],
            "files": {
                "openapi": {name: f"openapi-{name}.json" for name in _DOCUMENTS},
                "access_logs": {name: f"logs/{name}/access.log" for name in (*_DOCUMENTS, "gateway")},
                "whosaw": "whosaw.toml",
                "truth": "truth.jsonl",
            },
        }

    def _tell(self) -> None:
        for name, document in _DOCUMENTS.items():
            text = json.dumps({**document, "servers": [{"url": self.urls[name]}]}, indent=1)
            (self.out / f"openapi-{name}.json").write_text(text + "\n", encoding="utf-8")
        write_targets(self.out, self.facts())
        # Whoever waits for this file must never find half of it.
        half = self.out / f"{FACTS}.new"
        half.write_text(json.dumps(self.facts(), indent=1) + "\n", encoding="utf-8")
        half.replace(self.out / FACTS)


_PHONES = 40


def _room(out: Path) -> Callable[[], None]:
    """Empty the folder of a former run and lock it; returns what unlocks it. A folder that holds anything else is left alone."""
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()) and not (out / _LOCK).exists():
        raise CannotStartError(f"`{out}` is not empty and no former run", hint="name another folder with --dir")
    lock = (out / _LOCK).open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise CannotStartError(
            f"a live operator is running already in `{out}`",
            hint=f"end it, or name another folder with --dir; `{out / FACTS}` says which process it is",
        ) from None
    _end_left_behind(out)
    for old in out.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
        elif old.name != _LOCK:
            old.unlink()
    return lock.close


def _end_left_behind(out: Path) -> None:
    """End the proxies of a run that was killed before it could do so itself."""
    try:
        left = json.loads((out / FACTS).read_text(encoding="utf-8"))["processes"].values()
    except (OSError, ValueError, LookupError):
        return
    ours = [int(pid) for pid in left if _runs(int(pid), out)]
    for pid in ours:
        os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + PATIENCE
    while any(_runs(pid, out) for pid in ours) and time.monotonic() < end:
        time.sleep(0.02)


def _runs(pid: int, out: Path) -> bool:
    """Say whether a process works for a run in this folder: a process id alone may be somebody else's by now."""
    with suppress(OSError):
        return str(out).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False
