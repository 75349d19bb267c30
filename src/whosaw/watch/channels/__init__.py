"""In which ways can somebody be told? One file per way; this is the list. A channel sends one message and says what became of it."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from whosaw.config.watching import Tell
from whosaw.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from whosaw.watch.message import Message


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try: sent, or why not, how long the receiver wants us to wait, and whether trying again is pointless."""

    sent: bool
    why: str = ""
    wait: timedelta | None = None
    for_good: bool = False


SENT = Outcome(sent=True)


class Channel(Protocol):
    """A way to tell somebody."""

    def send(self, message: Message, now: datetime) -> Outcome:
        """Send a message once. Never raises: what goes wrong is the outcome, in words without a secret."""


@dataclass(frozen=True)
class Place:
    """What the configuration says of a receiver, where its files are, and the key by which errors name it."""

    tell: Tell
    folder: Path
    key: str
    timeout: float

    def secret(self) -> str:
        """Return the secret, read anew each time so that it can be changed while all runs. Raises `ConfigError`, never showing it."""
        tell = self.tell
        if tell.secret_env:
            found = os.environ.get(tell.secret_env, "")
            if not found:
                raise ConfigError(f"`{self.key}.secret_env`: `{tell.secret_env}` is not set", hint="set it where the watch is started")
            return found
        if not tell.secret_file:
            return ""
        try:
            return (self.folder / tell.secret_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as problem:
            why = getattr(problem, "strerror", None) or "it is not text"
            raise ConfigError(
                f"`{self.key}.secret_file` cannot be read: {why.lower()}", hint="make it readable for this user alone"
            ) from problem

    def context(self) -> ssl.SSLContext:
        """Return what TLS needs as a client. Raises `ConfigError`."""
        tell = self.tell
        try:
            context = ssl.create_default_context(cafile=str(self.folder / tell.ca) if tell.ca else None)
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            if tell.cert:
                context.load_cert_chain(self.folder / tell.cert, self.folder / tell.key if tell.key else None)
        except OSError as problem:
            raise ConfigError(
                f"the certificates of `{self.key}` cannot be used: {(problem.strerror or 'unknown reason').lower()}",
                hint="ca, cert and key are PEM files that this process may read",
            ) from problem
        return context


def said(problem: OSError) -> str:
    """Return why a receiver could not be reached, in words."""
    if isinstance(problem, TimeoutError):
        return "it did not answer in time"
    if isinstance(problem, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {problem.verify_message.lower()}"
    if isinstance(problem, ssl.SSLError):
        return f"TLS failed: {(problem.reason or 'unknown reason').lower().replace('_', ' ')}"
    return (problem.strerror or "the connection broke").lower()


def _webhook(place: Place) -> Channel:
    from whosaw.watch.channels.webhook import Webhook

    return Webhook(place)


def _mail(place: Place) -> Channel:
    from whosaw.watch.channels.mail import Mail

    return Mail(place)


def _forward(place: Place) -> Channel:
    from whosaw.watch.channels.forward import Forward

    return Forward(place)


CHANNELS: dict[str, Callable[[Place], Channel]] = {"webhook": _webhook, "email": _mail, "syslog": _forward}
"""By the kind of the configuration. Each raises `ConfigError` for what can be known to be wrong before anything is sent."""
