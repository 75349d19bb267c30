"""How is a person told? By plain e-mail that mail systems can thread, and of which they can drop what comes twice."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from whosaw.errors import ConfigError
from whosaw.watch.channels import SENT, Outcome, Place, said
from whosaw.watch.message import Message, subject, text

if TYPE_CHECKING:
    from datetime import datetime

SMTP, SMTPS = 587, 465


class Mail:
    """A mail server, and the people who are told through it."""

    def __init__(self, place: Place) -> None:
        """Raises `ConfigError` for a certificate or password that cannot be read."""
        self._place, self._url = place, urlsplit(place.tell.url)
        self._context = place.context()
        place.secret()

    def send(self, message: Message, now: datetime) -> Outcome:
        """Hand the message to the mail server once. Receivers that it refuses are told of in the outcome."""
        letter = composed(message, now, sender=self._place.tell.sender, to=self._place.tell.to)
        try:
            with self._server() as server:
                refused = server.send_message(letter)
        except (ConfigError, OSError) as problem:  # of which SMTP's own are a kind
            return Outcome(sent=False, why=_why(problem))
        return Outcome(sent=True, why=f"{len(refused)} of {len(self._place.tell.to)} receivers were refused") if refused else SENT

    def _server(self) -> smtplib.SMTP:
        tell, host, timeout = self._place.tell, self._url.hostname or "", self._place.timeout
        if self._url.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, self._url.port or SMTPS, timeout=timeout, context=self._context)
        else:
            server = smtplib.SMTP(host, self._url.port or SMTP, timeout=timeout)
        try:
            if self._url.scheme == "smtp" and tell.starttls:
                server.starttls(context=self._context)
            if tell.username:
                server.login(tell.username, self._place.secret())
        except BaseException:
            server.close()
            raise
        return server


def _why(problem: ConfigError | OSError) -> str:
    """Return why it was not sent. What the server said is not repeated: it may quote the message."""
    match problem:
        case ConfigError():
            return problem.message
        case smtplib.SMTPRecipientsRefused():
            return "it refused every receiver"
        case smtplib.SMTPNotSupportedError():
            return "it does not offer what was asked for (STARTTLS, or a login)"
        case smtplib.SMTPResponseException():
            return f"it answered {problem.smtp_code}"
        case smtplib.SMTPException():
            return "it hung up"
        case _:
            return said(problem)


def composed(message: Message, now: datetime, *, sender: str, to: list[str]) -> EmailMessage:
    """Return the mail of a message. Its Message-ID is the message's own, and a revision answers the first one."""
    domain = sender.rpartition("@")[2].strip("> ")
    letter = EmailMessage()
    letter["Subject"] = subject(message)
    letter["From"] = sender
    letter["To"] = ", ".join(to)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = f"<{message.id}@{domain}>"
    if message.first != message.id:
        letter["In-Reply-To"] = letter["References"] = f"<{message.first}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content(text(message))
    return letter
