"""One connection to the mail server, used for many mails."""

from __future__ import annotations

import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NoReturn
from urllib.parse import unquote, urlsplit

from port_runtime.secret import Secret
from port_runtime.setting_parsers import is_loopback

from mailer.adapters.smtp.message import ascii_address
from mailer.domain.errors import AbandonedError
from mailer.domain.smtp_replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mailer.domain.smtp_replies import Step

Scheme = Literal["smtp", "smtp+starttls", "smtps"]
PORTS: Final[dict[str, int]] = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
# A client that stops waiting for the reply to the final dot may send the mail twice (RFC 5321 section 4.5.3.2.6).
FINAL_REPLY_SECONDS: Final = 300
_OK: Final = 2
_GO_AHEAD: Final = 354
_CLOSING: Final = 421


class NoSessionError(Exception):
    """The server cannot be reached or used; `is_misconfiguration` is True if our settings are the likely cause."""

    def __init__(self, reason: str, *, is_misconfiguration: bool = False) -> None:
        super().__init__(reason)
        self.is_misconfiguration = is_misconfiguration


class DroppedError(Exception):
    """The connection ended before any part of this mail was sent: a new connection may be tried."""


class RefusedError(Exception):
    """The server refused, or the connection was lost while the message was sent."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"{reply.code} at {reply.step}")
        self.reply = reply


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """The mail server, from `MAILER_SMTP_URL` and the other `MAILER_SMTP_*` settings."""

    scheme: Scheme
    host: str
    port: int
    user: str
    password: Secret
    ehlo: str | None = None
    ca_file: Path | None = None
    timeout_seconds: float = 20

    @classmethod
    def from_url(cls, url: str, **options: object) -> SmtpServer:
        """Parse `scheme://user:password@host:port` with percent-encoding; raises ValueError."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in {"", "/"} or parts.query:
            raise ValueError(
                "must be smtp://, smtp+starttls:// or smtps:// with a host and nothing behind it"
            )
        return cls(
            scheme=parts.scheme,  # type: ignore[arg-type]  # a key of PORTS, as checked above
            host=parts.hostname,
            port=parts.port or PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=Secret(unquote(parts.password or "")),
            **options,  # type: ignore[arg-type]  # one dict of several types
        )

    @property
    def is_loopback(self) -> bool:
        """True if the server runs on this machine, so mails to it cross no network."""
        return is_loopback(self.host)

    def context(self) -> ssl.SSLContext:
        """Return a context that verifies the server's certificate."""
        return ssl.create_default_context(cafile=self.ca_file)


class SmtpSession:
    """An open connection for one thread at a time."""

    def __init__(self, server: SmtpServer) -> None:
        """Connect, encrypt and log in; raises NoSessionError if a step fails or STARTTLS is not offered."""
        self.used_at = time.monotonic()
        self._timeout_seconds = server.timeout_seconds
        try:
            self._smtp = _connected(server)
        except smtplib.SMTPAuthenticationError as error:
            raise NoSessionError(f"login refused ({error.smtp_code})", is_misconfiguration=True) from None
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            raise NoSessionError(
                f"{type(error).__name__}: no safe connection", is_misconfiguration=True
            ) from None
        except smtplib.SMTPResponseException as error:
            raise NoSessionError(f"{type(error).__name__} ({error.smtp_code})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise NoSessionError(type(error).__name__) from None
        self._pipelines = bool(self._smtp.has_extn("pipelining"))
        self._takes_utf8 = bool(self._smtp.has_extn("smtputf8"))

    def send(
        self, sender: str, recipient: str, message: bytes, *, should_send: Callable[[], bool] = lambda: True
    ) -> None:
        """Return once the server has accepted; raises DroppedError, RefusedError or AbandonedError."""
        commands = self._envelope(ascii_address(sender), ascii_address(recipient))
        try:
            replies = self._pipelined(commands) if self._pipelines else self._one_by_one(commands)
        except (OSError, smtplib.SMTPException):
            self._smtp.close()
            raise DroppedError from None
        if replies[0].code == _CLOSING:
            self._smtp.close()
            raise DroppedError
        if replies[-1].step != "message" or replies[-1].code != _GO_AHEAD or not _all_ok(replies[:-1]):
            self._refuse(replies)
        if not should_send():
            self._smtp.close()  # without the final dot the server drops the mail (RFC 5321 section 4.1.1.4)
            raise AbandonedError
        self._finish(message)
        self.used_at = time.monotonic()

    def verify(self) -> None:
        """Send NOOP; raises NoSessionError if it fails."""
        try:
            code, _ = self._smtp.noop()
        except (OSError, smtplib.SMTPException) as error:
            raise NoSessionError(type(error).__name__) from None
        if code // 100 != _OK:
            raise NoSessionError(f"answers {code}")

    def close(self) -> None:
        """Quit if possible, and close the connection."""
        with suppress(OSError, smtplib.SMTPException):
            self._smtp.quit()
        self._smtp.close()

    def _envelope(self, sender: str, recipient: str) -> list[tuple[Step, str]]:
        needs_utf8 = not (sender.isascii() and recipient.isascii())
        if needs_utf8 and not self._takes_utf8:
            raise RefusedError(Reply("recipient", 553, "5.6.7 the server takes no such address"))
        option = " SMTPUTF8" if needs_utf8 else ""
        return [
            ("sender", f"MAIL FROM:<{sender}>{option}"),
            ("recipient", f"RCPT TO:<{recipient}>"),
            ("message", "DATA"),
        ]

    def _pipelined(self, commands: list[tuple[Step, str]]) -> list[Reply]:
        self._smtp.send("".join(f"{line}\r\n" for _, line in commands).encode())
        replies = []
        for step, _ in commands:
            replies.append(self._reply(step))
            if replies[0].code == _CLOSING:
                break
        return replies

    def _one_by_one(self, commands: list[tuple[Step, str]]) -> list[Reply]:
        replies = []
        for step, line in commands:
            self._smtp.send(f"{line}\r\n".encode())
            replies.append(self._reply(step))
            if replies[-1].code // 100 != _OK:
                break
        return replies

    def _reply(self, step: Step) -> Reply:
        code, text = self._smtp.getreply()
        return Reply(step, code, text.decode("utf-8", "replace"))

    def _refuse(self, replies: list[Reply]) -> NoReturn:
        """Reset the connection for the next mail, then raise the first refusal."""
        refusal = next(reply for reply in replies if reply.code // 100 != _OK and reply.code != _GO_AHEAD)
        try:
            if replies[-1].code == _GO_AHEAD:  # pipelined: the server waits for a message
                self._smtp.send(b".\r\n")
                self._smtp.getreply()
            self._smtp.docmd("RSET")
        except (OSError, smtplib.SMTPException):
            self._smtp.close()
        raise RefusedError(refusal)

    def _finish(self, message: bytes) -> None:
        try:
            self._set_timeout(max(FINAL_REPLY_SECONDS, self._timeout_seconds))
            self._smtp.send(_stuffed(message) + b".\r\n")
            reply = self._reply("message")
            self._set_timeout(self._timeout_seconds)
        except (OSError, smtplib.SMTPException) as error:
            self._smtp.close()
            raise RefusedError(Reply("message", 451, f"4.4.2 {type(error).__name__}")) from None
        if reply.code // 100 != _OK:
            raise RefusedError(reply)

    @property
    def is_open(self) -> bool:
        """False once the connection was lost or closed on this side."""
        return self._smtp.sock is not None

    def _set_timeout(self, seconds: float) -> None:
        if self._smtp.sock is not None:
            self._smtp.sock.settimeout(seconds)


def _connected(server: SmtpServer) -> smtplib.SMTP:
    options = {"local_hostname": server.ehlo, "timeout": server.timeout_seconds}
    smtp: smtplib.SMTP
    if server.scheme == "smtps":
        smtp = smtplib.SMTP_SSL(server.host, server.port, context=server.context(), **options)  # type: ignore[arg-type]  # one dict of several types
    else:
        smtp = smtplib.SMTP(server.host, server.port, **options)  # type: ignore[arg-type]  # one dict of several types
    try:
        _prepare(smtp, server)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _prepare(smtp: smtplib.SMTP, server: SmtpServer) -> None:
    if server.scheme == "smtp+starttls":
        smtp.starttls(context=server.context())
    smtp.ehlo_or_helo_if_needed()
    if server.user:
        smtp.login(server.user, server.password.reveal())


def _all_ok(replies: list[Reply]) -> bool:
    return all(reply.code // 100 == _OK for reply in replies)


def _stuffed(message: bytes) -> bytes:
    return message.replace(b"\r\n.", b"\r\n..") if b"\r\n." in message else message
