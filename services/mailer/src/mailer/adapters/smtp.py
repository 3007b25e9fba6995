"""The mail server behind a few kept connections, and the pause for all when it cannot be reached (MAIL-5)."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from port_runtime.logs import get_logger

from mailer.adapters.pause import Pause
from mailer.adapters.smtp_session import DroppedError, NoSessionError, RefusedError, SmtpSession
from mailer.domain.attempt import judge
from mailer.domain.errors import NotSentError, ServerAwayError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.adapters.mime import Stationery
    from mailer.adapters.smtp_session import SmtpServer
    from mailer.domain.mail import Mail, Mailbox
    from mailer.usecases.ports import Clock

IDLE_SECONDS: Final = 20  # shorter than what servers and routers allow a silent connection
log = get_logger("mailer.smtp")


class SmtpPostbox:
    """See `mailer.usecases.ports.Postbox`; safe between threads, each mail has a connection for itself."""

    def __init__(self, server: SmtpServer, *, sender: Mailbox, stationery: Stationery, clock: Clock) -> None:
        self._server, self._sender, self._stationery = server, sender.address, stationery
        self._pause = Pause(clock)
        self._idle: list[SmtpSession] = []
        self._lock = threading.Lock()

    def send(self, mail: Mail, *, may_go: Callable[[], bool] = lambda: True) -> None:
        """Send over a kept connection; over a fresh one when the kept one turns out to be dead."""
        ticket = self._pause.respect()
        message = self._stationery.write(mail)
        kept = self._kept()
        if kept is not None:
            try:
                return self._send_over(kept, mail.to.address, message, may_go)
            except DroppedError:
                kept.close()
        fresh = self._fresh(ticket)
        try:
            return self._send_over(fresh, mail.to.address, message, may_go)
        except DroppedError:
            fresh.close()
            raise self._away(ticket, "the server closes the connection") from None

    def is_away(self) -> bool:
        """Tell whether the server could not be reached at the last attempt."""
        return self._pause.is_on

    def check(self) -> None:
        """Connect, log in, take leave; NoSessionError when it cannot be done."""
        session = SmtpSession(self._server)
        try:
            session.verify()
        finally:
            session.close()

    def close_idle(self, older_than_seconds: float = IDLE_SECONDS) -> None:
        """Close connections that were not used for a while."""
        latest = time.monotonic() - older_than_seconds
        with self._lock:
            old = [session for session in self._idle if session.used_at <= latest]
            self._idle = [session for session in self._idle if session.used_at > latest]
        for session in old:
            session.close()

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.close_idle(older_than_seconds=0)

    def _send_over(
        self, session: SmtpSession, recipient: str, message: bytes, may_go: Callable[[], bool]
    ) -> None:
        try:
            session.send(self._sender, recipient, message, may_go=may_go)
        except RefusedError as error:
            raise self._judged(error) from None
        finally:
            if session.is_open:
                self._pause.end()
                self._keep(session)

    def _judged(self, error: RefusedError) -> NotSentError:
        verdict = judge(error.reply)
        if verdict.category == "misconfigured":
            log.error("smtp_misconfigured", step=error.reply.step, reply_code=error.reply.code)
        return NotSentError(verdict, error.reply.words)

    def _kept(self) -> SmtpSession | None:
        """Return the connection used last: where few are needed, the others grow old and are closed."""
        with self._lock:
            session = self._idle.pop() if self._idle else None
        if session is not None and session.used_at < time.monotonic() - IDLE_SECONDS:
            session.close()
            return None
        return session

    def _fresh(self, ticket: int) -> SmtpSession:
        try:
            return SmtpSession(self._server)
        except NoSessionError as error:
            raise self._away(ticket, str(error), is_ours=error.is_ours) from None

    def _away(self, ticket: int, reason: str, *, is_ours: bool = False) -> ServerAwayError:
        retry_at = self._pause.begin(ticket)
        tell = log.error if is_ours else log.warning
        tell("smtp_misconfigured" if is_ours else "smtp_away", reason=reason, retry_at=retry_at.isoformat())
        return ServerAwayError(reason, retry_at)

    def _keep(self, session: SmtpSession) -> None:
        with self._lock:
            self._idle.append(session)
