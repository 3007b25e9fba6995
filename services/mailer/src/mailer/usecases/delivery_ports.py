"""The ports of the delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from port_events.envelope import Entry
    from port_events.mail_payload import MailPayload

    from mailer.domain.mail import Mail, State
    from mailer.domain.mail_kinds import MailKind


@dataclass(frozen=True, slots=True)
class ClaimGranted:
    """A granted claim: until its lease ends, only the owner of `token` may send the mail.

    `tries` counts the failed attempts, also those of other mailers.
    """

    event_id: str
    token: str
    tries: int


@dataclass(frozen=True, slots=True)
class ClaimDeferred:
    """No claim is granted now: another mailer has it, the mail is not due, or sent mails are being recorded again.

    Claim again after `seconds`.
    """

    seconds: float


@dataclass(frozen=True, slots=True)
class AlreadyFinal:
    """The mail is final and its entry acknowledged, or the stream no longer has the entry."""


Claim = ClaimGranted | ClaimDeferred | AlreadyFinal


@dataclass(frozen=True, slots=True)
class Outcome:
    """A final state, reached at `at`. Only `refused` has a `category` and a `reply_text`, which is redacted (SEC-9)."""

    state: State
    at: datetime
    category: str = ""
    reply_text: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's subject and its two bodies, the text in `format=flowed; delsp=yes`."""

    subject: str
    text: str
    html: str


class Clock(Protocol):
    """The clock that determines when mails expire and are due; tests move it."""

    def now(self) -> datetime:
        """Return the current time in UTC."""


class DeliveryMetrics(Protocol):
    """Counts of deliveries (OPS-4)."""

    def record_outcome(self, mail: str | None, state: State, *, after: timedelta) -> None:
        """Count a final mail. `mail` is the name of its kind, None if that is unknown; `after` is the event's age."""

    def record_deferral(self, reason: str) -> None:
        """Count an attempt that was deferred."""


class Ledger(Protocol):
    """Decides which process sends a mail, and records its outcome; one record for each event (MAIL-3)."""

    def claim(self, entry: Entry) -> Claim:
        """Claim a mail for sending, atomically."""

    def defer(self, grant: ClaimGranted, *, due: datetime, failed: bool) -> None:
        """Release the claim until `due`; `failed` counts a failed attempt. Has no effect if the claim was lost."""

    def release(self, grant: ClaimGranted) -> None:
        """Stop renewing the claim, so that its lease expires."""

    def owns(self, grant: ClaimGranted) -> bool:
        """Return whether this process still has the claim, which it may have lost, for example while it was stopped."""

    def complete(self, entry: Entry, grant: ClaimGranted, outcome: Outcome) -> None:
        """Record the outcome, its receipt and a refusal's dead letter, and acknowledge the entry, atomically and once.

        An acceptance is recorded even if the claim was lost; a refusal or expiry is not. If Redis is unavailable, wait
        until it is available again, because an accepted mail without a record would be sent again.
        """


class DomainRateLimit(Protocol):
    """The rate limits of recipient domains, shared by all mailers."""

    def acquire(self, event_id: str, domain: str, *, expires_at: datetime) -> datetime | None:
        """Return None if the mail may be sent now, otherwise its send time. Atomic; each event has one send time."""


class PayloadOpener(Protocol):
    def open(self, entry: Entry) -> MailPayload:
        """Return the payload; raises UnreadableError if it cannot be decrypted or verified."""


class Renderer(Protocol):
    def render(self, kind: MailKind, payload: MailPayload) -> Rendered:
        """Return the subject and the bodies of a mail."""


class MailTransport(Protocol):
    def send(self, mail: Mail, *, should_send: Callable[[], bool]) -> None:
        """Send a mail; return after the server has accepted it.

        `should_send` is called right before the message is sent, and again if the server does not accept all of it at
        once. Raises AbandonedError if it returns False; also NotSentError, ServerUnavailableError or SlowDomainError.
        """
