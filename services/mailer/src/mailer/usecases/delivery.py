"""Delivers the mail of one entry: claim, open the payload, render, send, record the outcome (MAIL-3, MAIL-4)."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from port_runtime.logs import get_logger

from mailer.domain.backoff import backoff_seconds
from mailer.domain.errors import (
    AbandonedError,
    NotSentError,
    NotYetError,
    QueuePausedError,
    RateLimitedError,
    UnreadableError,
)
from mailer.domain.foreign_links import reject_foreign_links
from mailer.domain.mail import Mail, Mailbox, State
from mailer.domain.mail_kinds import mail_kind_for, require_complete
from mailer.domain.reply_redaction import redact_reply
from mailer.domain.smtp_replies import UNREADABLE
from mailer.usecases.delivery_ports import AlreadyFinal, ClaimDeferred, ClaimGranted, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from port_events.envelope import Entry
    from port_events.mail_payload import MailPayload

    from mailer.domain.mail_kinds import MailKind
    from mailer.usecases.delivery_ports import (
        Clock,
        DeliveryMetrics,
        DomainRateLimit,
        Ledger,
        MailTransport,
        PayloadOpener,
        Renderer,
    )

log = get_logger("mailer.delivery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The use case with its ports. Thread-safe if the ports are; `rng` returns numbers from 0 to 1, for jitter."""

    clock: Clock
    ledger: Ledger
    payload_opener: PayloadOpener
    renderer: Renderer
    transport: MailTransport
    rate_limit: DomainRateLimit
    metrics: DeliveryMetrics
    is_paused: Callable[[], bool]
    public_url: str
    rng: Callable[[], float] = field(default=random.random)

    def deliver(self, entry: Entry, grant: ClaimGranted | None = None) -> datetime | None:
        """Try to send the entry's mail, if its claim is granted. With a `grant`, it is not claimed again.

        Return the time at which the entry must be delivered again, or None if the mail is final or its entry is gone.
        """
        claim = grant or self.ledger.claim(entry)
        if isinstance(claim, AlreadyFinal):
            return None
        if isinstance(claim, ClaimDeferred):
            return self._in_seconds(claim.seconds)
        try:
            return self._attempt(entry, claim)
        except Exception:  # for example an error in a template or of Redis: retry the mail
            log.exception("delivery_failed")
            return self._defer(claim, "fault")

    def _attempt(self, entry: Entry, grant: ClaimGranted) -> datetime | None:
        kind: MailKind | None = None
        expires_at: datetime | None = None
        try:
            kind = mail_kind_for(entry.event.type, entry.event.data)
            payload = self.payload_opener.open(entry)
            expires_at = payload.expires_at
            outcome = self._send(entry, kind, payload, grant)
        except UnreadableError as error:
            log.error("mail_unreadable", type=entry.event.type, reason=str(error))  # noqa: TRY400 - the traceback would add nothing
            outcome = self._outcome(State.REFUSED, UNREADABLE, str(error))
        except NotSentError as error:
            category, rule = error.rule.category, error.rule.name
            if not error.rule.permanent:
                log.warning("mail_put_off", category=category, rule=rule, tries=grant.tries + 1)
                return self._defer(grant, category, expires_at=expires_at)
            log.warning("mail_refused", category=category, rule=rule)
            outcome = self._outcome(State.REFUSED, category, error.reply_text)
        except AbandonedError:  # the claim is lost, or uncertain because Redis is unavailable: claim again
            log.warning("mail_abandoned")
            self.ledger.release(grant)
            return self.clock.now()
        except NotYetError as error:
            self.metrics.record_deferral(error.deferral)
            # A paused mail is due now in the ledger, so that any mailer may send it after the pause.
            due = self.clock.now() if isinstance(error, QueuePausedError) else error.retry_at
            self.ledger.defer(grant, due=due, failed=False)
            return error.retry_at
        self.ledger.complete(entry, grant, outcome)
        after = outcome.at - entry.event.time
        self.metrics.record_outcome(kind.name if kind else None, outcome.state, after=after)
        return None

    def _send(self, entry: Entry, kind: MailKind, payload: MailPayload, grant: ClaimGranted) -> Outcome:
        now = self.clock.now()
        if payload.expires_at <= now:
            return self._expired(kind, payload)
        require_complete(kind, payload.content)
        reject_foreign_links(payload.content, self.public_url, name=payload.name)
        rendered = self.renderer.render(kind, payload)
        mail = Mail(
            event_id=entry.event.id,
            to=Mailbox(payload.address, payload.name),
            date=now,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
        )
        self._acquire_permission_to_send(mail, expires_at=payload.expires_at)
        try:
            self.transport.send(mail, should_send=lambda: self._should_send(payload, grant))
        except AbandonedError:
            if self.clock.now() < payload.expires_at:
                raise
            return self._expired(kind, payload)
        log.info("mail_sent", mail=kind.name)
        return Outcome(State.SENT, self.clock.now())

    def _should_send(self, payload: MailPayload, grant: ClaimGranted) -> bool:
        """Return whether the mail is still valid and claimed, which may have changed since the claim."""
        return self.clock.now() < payload.expires_at and self.ledger.owns(grant)

    def _expired(self, kind: MailKind, payload: MailPayload) -> Outcome:
        log.warning("mail_expired", mail=kind.name, expired_at=payload.expires_at.isoformat())
        return Outcome(State.EXPIRED, self.clock.now())

    def _acquire_permission_to_send(self, mail: Mail, *, expires_at: datetime) -> None:
        """Count the mail against the rate limit. Raises QueuePausedError, or RateLimitedError above the limit."""
        if self.is_paused():
            raise QueuePausedError("paused", expires_at)
        send_at = self.rate_limit.acquire(mail.event_id, mail.to.domain, expires_at=expires_at)
        if send_at is not None:
            log.info("mail_over_ceiling", domain=mail.to.domain, turn=send_at.isoformat())
            retry_at = min(send_at, self._in_seconds(self._backoff("rate_limit", 1)), expires_at)
            raise RateLimitedError("over the rate limit", retry_at)

    def _defer(self, grant: ClaimGranted, reason: str, *, expires_at: datetime | None = None) -> datetime:
        """Schedule the next attempt, at the latest at the mail's expiry, which that attempt then records (MAIL-4)."""
        due = self._in_seconds(self._backoff(reason, grant.tries + 1))
        if expires_at is not None:
            due = min(due, expires_at)
        self.metrics.record_deferral(reason)
        self.ledger.defer(grant, due=due, failed=True)
        return due

    def _outcome(self, state: State, category: str, reply_text: str) -> Outcome:
        return Outcome(state, self.clock.now(), category, redact_reply(reply_text))

    def _backoff(self, reason: str, failures: int) -> float:
        return backoff_seconds(reason, failures, fraction=self.rng())

    def _in_seconds(self, seconds: float) -> datetime:
        return self.clock.now() + timedelta(seconds=seconds)
