"""One connection to the mail server, used for many mails, one after another.

The server's reply decides about a mail, even if the connection fails after the reply (MAIL-5).
"""

from __future__ import annotations

import smtplib
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mailer.adapters.smtp.connection import NoReplyError, NoSessionError, connect
from mailer.adapters.smtp.message import ascii_address
from mailer.domain.errors import AbandonedError, NotSentError
from mailer.domain.smtp_replies import Reply, classify_reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.adapters.smtp.server_settings import SmtpServer
    from mailer.bulkhead import Bulkhead
    from mailer.domain.smtp_replies import Step

_OK: Final = 2
_PERMANENT: Final = 5
_GO_AHEAD: Final = 354
_CLOSING: Final = 421
_FAILURES: Final = (OSError, smtplib.SMTPException, NoReplyError)


class LostError(Exception):
    """The connection ended without a refusal before the message was sent; `step` is the first step without a reply."""

    def __init__(self, step: Step, *, is_crowded: bool) -> None:
        super().__init__(step)
        self.step, self.is_crowded = step, is_crowded


class RefusedError(NotSentError):
    """The server refused the mail or does not support its address, or did not reply; see `reply`.

    With `may_be_worn_out`, the connection may be the cause: some servers limit the mails sent over one connection.
    """

    def __init__(self, reply: Reply, *, may_be_worn_out: bool = False) -> None:
        super().__init__(classify_reply(reply), reply.text)
        self.reply, self.may_be_worn_out = reply, may_be_worn_out


@dataclass(frozen=True, slots=True)
class _Command:
    step: Step
    line: str
    reply_seconds: float

    def is_accepted(self, reply: Reply) -> bool:
        return reply.code == _GO_AHEAD if self.line == "DATA" else reply.code // 100 == _OK


class SmtpSession:
    """An open connection for one thread at a time."""

    def __init__(self, server: SmtpServer, bulkhead: Bulkhead) -> None:
        """Connect, encrypt and log in; raises NoSessionError if a step fails or STARTTLS is not offered."""
        self.used_at = time.monotonic()
        self._timeouts = server.timeouts
        self._is_used = False
        try:
            self._smtp = connect(server, bulkhead)
        except smtplib.SMTPAuthenticationError as error:
            raise NoSessionError(
                f"login refused ({error.smtp_code})", is_misconfiguration=error.smtp_code // 100 == _PERMANENT
            ) from None
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            raise NoSessionError(
                f"{type(error).__name__}: no secure connection", is_misconfiguration=True
            ) from None
        except smtplib.SMTPResponseException as error:
            raise NoSessionError(f"{type(error).__name__} ({error.smtp_code})") from None
        except NoReplyError as error:
            raise NoSessionError(str(error)) from None
        except ValueError as error:  # its message may repeat a part of the password
            raise NoSessionError(
                f"{type(error).__name__}: a setting or reply that SMTP does not allow",
                is_misconfiguration=True,
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise NoSessionError(type(error).__name__) from None
        self._pipelines = bool(self._smtp.has_extn("pipelining"))
        self._takes_utf8 = bool(self._smtp.has_extn("smtputf8"))

    def send(
        self, sender: str, recipient: str, message: bytes, *, should_send: Callable[[], bool] = lambda: True
    ) -> None:
        """Send a message, and wait for its acceptance. Raises LostError, RefusedError or AbandonedError."""
        commands = self._envelope(ascii_address(sender), ascii_address(recipient))
        try:
            self._send_envelope(commands)
            if not should_send():
                self._smtp.close()  # without the final dot the server drops the mail (RFC 5321 section 4.1.1.10)
                raise AbandonedError
            self._send_message(message, should_send)
        finally:
            self._is_used, self.used_at = True, time.monotonic()

    def verify(self) -> None:
        """Send NOOP; raises NoSessionError if it fails."""
        try:
            code, _ = self._smtp.noop()
        except _FAILURES as error:
            raise NoSessionError(type(error).__name__) from None
        if code // 100 != _OK:
            raise NoSessionError(f"answers {code}")

    def close(self) -> None:
        """Quit if possible, and close the connection."""
        self._smtp.reply_seconds = self._timeouts.slow
        with suppress(*_FAILURES):
            self._smtp.quit()
        self._smtp.close()

    @property
    def is_open(self) -> bool:
        """False after the connection was lost or closed by the mailer."""
        return self._smtp.sock is not None

    @property
    def was_slow(self) -> bool:
        """True if a reply to the recipient or the message of the last mail was slow."""
        return self._smtp.was_slow

    def _envelope(self, sender: str, recipient: str) -> list[_Command]:
        needs_utf8 = not (sender.isascii() and recipient.isascii())
        if needs_utf8 and not self._takes_utf8:
            step: Step = "recipient" if sender.isascii() else "sender"
            raise RefusedError(Reply(step, 553, "5.6.7 the server takes no such address"))
        option = " SMTPUTF8" if needs_utf8 else ""
        # A reused connection may be dead: a new connection takes less time than waiting for the whole time-out.
        sender_seconds = self._timeouts.slow if self._is_used else self._timeouts.sender
        return [
            _Command("sender", f"MAIL FROM:<{sender}>{option}", sender_seconds),
            _Command("recipient", f"RCPT TO:<{recipient}>", self._timeouts.recipient),
            _Command("message", "DATA", self._timeouts.data),
        ]

    def _send_envelope(self, commands: list[_Command]) -> None:
        """Send the envelope; return when the server waits for the message. Raises LostError or RefusedError."""
        if self._pipelines:
            self._smtp.write("".join(f"{each.line}\r\n" for each in commands).encode())
        refusal: Reply | None = None
        is_message_awaited = False
        for command in commands:
            if not self._pipelines:
                self._smtp.write(f"{command.line}\r\n".encode())
            try:
                reply = self._reply(command.step, self._timeouts.slow if refusal else command.reply_seconds)
            except LostError:
                if refusal is None:
                    raise
                break
            is_message_awaited = reply.code == _GO_AHEAD
            if refusal is None and not command.is_accepted(reply):
                refusal = reply
                if not self._pipelines or reply.code == _CLOSING:
                    break
        if refusal is not None:
            self._recover(refusal, is_message_awaited=is_message_awaited)

    def _reply(self, step: Step, seconds: float) -> Reply:
        """Return the next reply. If there is none, close the connection and raise LostError."""
        self._smtp.reply_seconds = seconds
        try:
            code, text = self._smtp.getreply()
        except _FAILURES as error:
            self._smtp.close()
            raise LostError(step, is_crowded=isinstance(error, NoReplyError) and error.is_crowded) from None
        if step == "sender":
            self._smtp.was_slow = False
        return Reply(step, code, text.decode("utf-8", "replace"))

    def _recover(self, refusal: Reply, *, is_message_awaited: bool) -> None:
        """Reset the connection for the next mail, or close it; then raise RefusedError."""
        may_be_worn_out = refusal.step == "sender" or refusal.code == _CLOSING
        if may_be_worn_out or not self._is_reset(is_message_awaited=is_message_awaited):
            self._smtp.close()
        raise RefusedError(refusal, may_be_worn_out=may_be_worn_out)

    def _is_reset(self, *, is_message_awaited: bool) -> bool:
        self._smtp.reply_seconds = self._timeouts.slow
        try:
            if is_message_awaited:  # pipelined: the server waits for a message
                self._smtp.write(b".\r\n")
                self._smtp.getreply()
            return self._smtp.rset()[0] // 100 == _OK
        except _FAILURES:
            return False

    def _send_message(self, message: bytes, should_send: Callable[[], bool]) -> None:
        """Write the message, and wait for its acceptance. Raises AbandonedError or RefusedError.

        `should_send` is called again whenever the server does not take all of the rest at once.
        """
        if not self._smtp.write(_stuffed(message) + b".\r\n", may_go_on=should_send):
            raise AbandonedError
        self._smtp.may_give_up = False  # the server may have accepted the mail: a retry would send it twice
        try:
            reply = self._reply("message", self._timeouts.final)
        except LostError:
            raise RefusedError(Reply("message", 451, "4.4.2 no reply to the message")) from None
        finally:
            self._smtp.may_give_up = True
        if reply.code // 100 != _OK:
            if reply.code == _CLOSING:
                self._smtp.close()
            raise RefusedError(reply)


def _stuffed(message: bytes) -> bytes:
    return message.replace(b"\r\n.", b"\r\n..") if b"\r\n." in message else message
