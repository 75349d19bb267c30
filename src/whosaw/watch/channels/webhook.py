"""How is a machine told? By a signed POST of JSON, as Standard Webhooks has it; the same message bears the same id however often it comes."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from contextlib import closing
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whosaw import __version__
from whosaw.errors import ConfigError
from whosaw.watch.channels import SENT, Outcome, Place, said
from whosaw.watch.message import Message, payload

if TYPE_CHECKING:
    from datetime import datetime

PREFIX = "whsec_"
LEAST_KEY, MOST_KEY = 24, 64
"""Bytes of a signing key, as Standard Webhooks asks for."""

_LONGEST_WAIT = timedelta(days=1)


class Webhook:
    """A receiver that is told by POST. No redirect is followed: the signature was made for this address."""

    def __init__(self, place: Place) -> None:
        """Raises `ConfigError` for a signing key that is none."""
        self._place, self._url = place, urlsplit(place.tell.url)
        self._context = place.context() if self._url.scheme == "https" else None
        signing_keys(place)

    def send(self, message: Message, now: datetime) -> Outcome:
        """POST the message once."""
        body = payload(message)
        try:
            headers = signed(signing_keys(self._place), message.id, now, body)
            with closing(self._connection()) as connection:
                path = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
                connection.request("POST", path, body, headers)
                with closing(connection.getresponse()) as response:
                    return outcome(response, now)
        except ConfigError as problem:
            return Outcome(sent=False, why=problem.message)
        except OSError as problem:
            return Outcome(sent=False, why=said(problem))
        except (HTTPException, UnicodeError):
            return Outcome(sent=False, why="its answer was not HTTP")

    def _connection(self) -> HTTPConnection:
        host, timeout = self._url.hostname or "", self._place.timeout
        if self._context is not None:
            return HTTPSConnection(host, self._url.port, timeout=timeout, context=self._context)
        return HTTPConnection(host, self._url.port, timeout=timeout)


def signing_keys(place: Place) -> list[bytes]:
    """Return the signing keys, the newest first: while one is being replaced, messages are signed with each. Raises `ConfigError`."""
    keys = []
    for line in place.secret().split():
        try:
            keys.append(base64.b64decode(line.removeprefix(PREFIX), validate=True))
        except binascii.Error:
            keys.append(b"")
    if not keys or not all(LEAST_KEY <= len(key) <= MOST_KEY for key in keys):
        raise ConfigError(
            f"the secret of `{place.key}` is no signing key, expected `{PREFIX}` and base64 of {LEAST_KEY} to {MOST_KEY} bytes",
            hint="make one: printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\"",
        )
    return keys


def signed(keys: list[bytes], message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that say which message this is, and that it is ours."""
    seconds = str(int(now.timestamp()))
    text = f"{message_id}.{seconds}.".encode() + body
    signatures = [base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode() for key in keys]
    return {
        "content-type": "application/json",
        "user-agent": f"whosaw/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def outcome(response: HTTPResponse, now: datetime) -> Outcome:
    """Return what an answer means: 2xx is a receipt, 410 a farewell, all else asks for another try."""
    status = response.status
    if 200 <= status < 300:
        return SENT
    if status == 410:
        return Outcome(sent=False, why="it is gone (410) and wants no more messages", for_good=True)
    if 300 <= status < 400:
        return Outcome(sent=False, why=f"it redirects ({status}), and redirects are not followed")
    wait = _wait(response.getheader("retry-after", ""), now) if status in {429, 503} else None
    return Outcome(sent=False, why=f"it answered {status}", wait=wait)


def _wait(told: str, now: datetime) -> timedelta | None:
    """Return how long the receiver wants us to wait (seconds, or a date), within reason."""
    if told.isascii() and told.isdigit():
        return min(timedelta(seconds=int(told[:9])), _LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(told)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(until - now, timedelta()), _LONGEST_WAIT)
