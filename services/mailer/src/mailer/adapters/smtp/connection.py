"""A connection to the mail server with smtplib: encryption, login, and a time-out for each reply."""

from __future__ import annotations

import io
import smtplib
import time
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket

    from mailer.adapters.smtp.server_settings import SmtpServer
    from mailer.bulkhead import Bulkhead

_LOGGED_IN: Final = 235


class NoReplyError(Exception):
    """The server did not reply in time, and the connection is closed.

    With `is_crowded`, the wait ended early, because too many mails wait for slow replies. This is no subclass of
    OSError, which smtplib would replace by an error of its own.
    """

    def __init__(self, *, is_crowded: bool) -> None:
        super().__init__("too many slow replies" if is_crowded else "no reply in time")
        self.is_crowded = is_crowded


class NoSessionError(Exception):
    """The server cannot be reached or used. With `is_misconfiguration`, the mailer's settings are the likely cause."""

    def __init__(self, reason: str, *, is_misconfiguration: bool = False) -> None:
        super().__init__(reason)
        self.is_misconfiguration = is_misconfiguration


class Connection(smtplib.SMTP):
    """An SMTP connection that waits up to `reply_seconds` for the reply to each command.

    Unless `may_give_up` is False, the wait ends early if too many mails wait for slow replies.
    """

    def __init__(self, server: SmtpServer, bulkhead: Bulkhead, **options: Any) -> None:
        """Connect and read the greeting. Raises OSError, smtplib's errors (subclasses of it) and NoReplyError."""
        self.bulkhead, self.timeouts = bulkhead, server.timeouts
        self.reply_seconds = server.timeouts.greeting
        self.may_give_up = True
        self.was_slow = False
        self.deadline = 0.0
        super().__init__(
            server.host,
            server.port,
            local_hostname=server.ehlo,
            timeout=server.timeouts.connect,
            **options,
        )

    @override
    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        self.deadline = time.monotonic() + self.reply_seconds
        if self.file is None:
            self.file = io.BufferedReader(_ReplyReader(self, self.sock))
        try:
            return super().getreply()
        except NoReplyError:
            self.close()
            raise

    def log_in(self, server: SmtpServer) -> None:
        """Log in. A non-ASCII login uses PLAIN in UTF-8 (RFC 4616), which smtplib's `login` cannot send."""
        plain = f"\0{server.user}\0{server.password.reveal()}"
        if plain.isascii():
            self.login(server.user, server.password.reveal())
            return
        if "PLAIN" not in str(self.esmtp_features.get("auth", "")).upper().split():
            raise NoSessionError(
                "a user or password that is not ASCII needs the login mechanism PLAIN, which is not offered",
                is_misconfiguration=True,
            )
        code, text = self.docmd("AUTH", "PLAIN " + b2a_base64(plain.encode(), newline=False).decode())
        if code != _LOGGED_IN:
            raise smtplib.SMTPAuthenticationError(code, text)

    def write(self, data: bytes, *, may_go_on: Callable[[], bool] = lambda: True) -> bool:
        """Write the data. If `may_go_on` returns False between two blocks, close the connection and return False.

        OSErrors are suppressed. Unlike in smtplib's `send`, only a time-out closes the connection: after another error,
        the caller can still read the reply that the server may have sent before it closed the connection.
        """
        rest = memoryview(data)
        try:
            while rest and self.sock is not None:
                self.sock.settimeout(self.timeouts.block)
                rest = rest[self.sock.send(rest) :]
                if rest and not may_go_on():
                    self.close()
                    return False
        except TimeoutError:
            self.close()
        except OSError:
            pass
        return True


class TlsConnection(Connection, smtplib.SMTP_SSL):
    """A connection that is encrypted from the start."""


def connect(server: SmtpServer, bulkhead: Bulkhead) -> Connection:
    """Connect, encrypt and log in according to the server's settings.

    Raises OSError, smtplib's errors (subclasses of it), ValueError, NoReplyError and NoSessionError.
    """
    smtp = (
        TlsConnection(server, bulkhead, context=server.context())
        if server.scheme == "smtps"
        else Connection(server, bulkhead)
    )
    try:
        if server.scheme == "smtp+starttls":
            smtp.starttls(context=server.context())
        smtp.ehlo_or_helo_if_needed()
        if server.user:
            smtp.log_in(server)
    except BaseException:
        smtp.close()
        raise
    return smtp


class _ReplyReader(io.RawIOBase):
    """Reads from a socket until the connection's deadline; a slow reply moves the mail to a slow slot."""

    def __init__(self, connection: Connection, sock: socket) -> None:
        self._connection, self._sock = connection, sock

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int:
        connection = self._connection
        slow = connection.timeouts.slow
        left = connection.deadline - time.monotonic()
        if left > slow:
            try:
                return self._receive(buffer, slow)
            except TimeoutError:
                connection.was_slow = True
            if not connection.bulkhead.move_to_slow() and connection.may_give_up:
                raise NoReplyError(is_crowded=True)
            left -= slow
        try:
            return self._receive(buffer, max(left, 0.001))
        except TimeoutError:
            raise NoReplyError(is_crowded=False) from None

    def _receive(self, buffer: Any, seconds: float) -> int:
        self._sock.settimeout(seconds)
        return self._sock.recv_into(buffer)
