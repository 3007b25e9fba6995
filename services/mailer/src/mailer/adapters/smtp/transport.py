"""A pool of connections to the mail server, which share one circuit breaker (MAIL-5)."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from port_runtime.logs import get_logger
from typing_extensions import override

from mailer.adapters.smtp.circuit_breaker import CircuitBreaker
from mailer.adapters.smtp.connection import NoSessionError
from mailer.adapters.smtp.session import LostError, RefusedError, SmtpSession
from mailer.domain.backoff import backoff_seconds
from mailer.domain.domain_rate_limits import normalize_domain
from mailer.domain.errors import ServerUnavailableError, SlowDomainError
from mailer.domain.smtp_replies import Reply
from mailer.usecases.delivery_ports import MailTransport

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.adapters.smtp.message import MessageBuilder
    from mailer.adapters.smtp.server_settings import SmtpServer
    from mailer.bulkhead import Bulkhead
    from mailer.domain.mail import Mail, Mailbox
    from mailer.usecases.delivery_ports import Clock

IDLE_SECONDS: Final = 20  # shorter than the idle time-outs of servers and routers
log = get_logger("mailer.smtp")


class SmtpTransport(MailTransport):
    """Sends mails by SMTP. Thread-safe: each connection sends one mail at a time."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        sender: Mailbox,
        message_builder: MessageBuilder,
        clock: Clock,
        bulkhead: Bulkhead,
    ) -> None:
        self._server, self._sender, self._message_builder = server, sender.address, message_builder
        self._clock, self._bulkhead = clock, bulkhead
        self._circuit_breaker = CircuitBreaker(clock)
        self._idle: list[SmtpSession] = []
        self._lock = threading.Lock()

    @override
    def send(self, mail: Mail, *, should_send: Callable[[], bool] = lambda: True) -> None:
        """Send over an idle connection; if there is none, or it no longer accepts mails, over a new connection."""
        if not self._bulkhead.acquire_slot_for(normalize_domain(mail.to.domain)):
            raise self._slow_domain()
        generation = self._circuit_breaker.acquire()
        message = self._message_builder.build(mail)
        session = self._take_idle()
        try:
            if session is None or not self._is_sent_over_idle(session, mail, message, should_send):
                self._send_over_new(mail, message, should_send, generation)
        except RefusedError as error:
            if error.rule.category == "misconfigured":
                log.error("smtp_misconfigured", step=error.reply.step, reply_code=error.reply.code)  # noqa: TRY400 - the traceback would add nothing
            raise

    def is_unavailable(self) -> bool:
        """Return whether the last attempt to reach or use the server failed."""
        return self._circuit_breaker.is_open

    def check(self) -> None:
        """Connect, log in, send NOOP and quit, with a short time-out for replies. Raises NoSessionError."""
        seconds = self._server.timeouts.connect
        server = replace(self._server, timeouts=replace(self._server.timeouts, greeting=seconds))
        session = SmtpSession(server, self._bulkhead)
        try:
            session.verify()
        finally:
            session.close()

    def warm_up(self) -> None:
        """Open a connection for the first mail, so that wrong settings are logged at the start."""
        with suppress(ServerUnavailableError):
            self._add_idle(self._connect(self._circuit_breaker.acquire()))

    def close_idle(self, older_than_seconds: float = IDLE_SECONDS) -> None:
        """Close connections that have been unused for `older_than_seconds`."""
        newest = time.monotonic() - older_than_seconds
        with self._lock:
            old = [session for session in self._idle if session.used_at <= newest]
            self._idle = [session for session in self._idle if session.used_at > newest]
        for session in old:
            session.close()

    def close(self) -> None:
        """Close all connections that are not in use."""
        self.close_idle(older_than_seconds=0)

    def _is_sent_over_idle(
        self, session: SmtpSession, mail: Mail, message: bytes, should_send: Callable[[], bool]
    ) -> bool:
        """Return False if a new connection may succeed where this one failed; otherwise raise the errors of `send`."""
        try:
            self._send_over(session, mail, message, should_send)
        except LostError as error:
            if error.is_crowded:
                raise self._slow_domain() from None
            return False
        except RefusedError as error:
            if not error.may_be_worn_out:
                raise
            log.info("smtp_connection_worn_out", step=error.reply.step, reply_code=error.reply.code)
            return False
        return True

    def _send_over_new(
        self, mail: Mail, message: bytes, should_send: Callable[[], bool], generation: int
    ) -> None:
        session = self._connect(generation)
        try:
            self._send_over(session, mail, message, should_send)
        except LostError as error:
            if error.step == "sender":
                raise self._unavailable(generation, "no reply to a mail") from None
            if error.is_crowded:
                raise self._slow_domain() from None
            raise RefusedError(Reply(error.step, 451, "4.4.2 no reply to the recipient")) from None

    def _send_over(
        self, session: SmtpSession, mail: Mail, message: bytes, should_send: Callable[[], bool]
    ) -> None:
        """Send a mail. Its acceptance, a refusal, or a loss after the accepted sender closes the circuit breaker."""
        try:
            session.send(self._sender, mail.to.address, message, should_send=should_send)
        except LostError as error:
            if error.step != "sender":
                self._circuit_breaker.record_success()
            raise
        except RefusedError:
            self._circuit_breaker.record_success()
            raise
        else:
            self._circuit_breaker.record_success()
        finally:
            self._bulkhead.record(normalize_domain(mail.to.domain), slow=session.was_slow)
            if session.is_open:
                self._add_idle(session)

    def _slow_domain(self) -> SlowDomainError:
        wait = timedelta(seconds=backoff_seconds("slow", 1, fraction=random.random()))  # noqa: S311 - jitter
        return SlowDomainError("too many mails wait for slow replies", self._clock.now() + wait)

    def _take_idle(self) -> SmtpSession | None:
        """Return the connection that was used last, so that surplus ones become old; None if it is old or missing."""
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is not None and session.used_at < time.monotonic() - IDLE_SECONDS:
            session.close()
            return None
        return session

    def _connect(self, generation: int) -> SmtpSession:
        try:
            return SmtpSession(self._server, self._bulkhead)
        except NoSessionError as error:
            raise self._unavailable(
                generation, str(error), is_misconfiguration=error.is_misconfiguration
            ) from None

    def _unavailable(
        self, generation: int, reason: str, *, is_misconfiguration: bool = False
    ) -> ServerUnavailableError:
        retry_at = self._circuit_breaker.record_failure(generation)
        write = log.error if is_misconfiguration else log.warning
        write(
            "smtp_misconfigured" if is_misconfiguration else "smtp_away",
            reason=reason,
            retry_at=retry_at.isoformat(),
        )
        return ServerUnavailableError(reason, retry_at)

    def _add_idle(self, session: SmtpSession) -> None:
        with self._lock:
            self._idle.append(session)
