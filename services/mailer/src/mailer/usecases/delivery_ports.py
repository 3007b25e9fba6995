"""The ports of the delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from port_events.envelope import Entry

    from mailer.domain.mail import Mail, State
    from mailer.domain.mail_kinds import MailKind


@dataclass(frozen=True, slots=True)
class ClaimGranted:
    """A granted claim: only its owner may send the mail until the lease ends. `tries` counts the failed attempts."""

    event_id: str
    token: str
    tries: int


@dataclass(frozen=True, slots=True)
class ClaimDeferred:
    """Another attempt has the claim, or the mail is not due yet: claim again in `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AlreadyFinal:
    """The mail is final and its entry acknowledged, or its entry is no longer in the stream."""


Claim = ClaimGranted | ClaimDeferred | AlreadyFinal


@dataclass(frozen=True, slots=True)
class Outcome:
    """A final state. A sent mail has no `category` and no `reply_text`. The reply text contains no secrets."""

    state: State
    at: datetime
    category: str = ""
    reply_text: str = ""


class MailPayload(Protocol):
    """The decrypted part of an event, such as `port_events.sealing.MailPayload`."""

    @property
    def address(self) -> str:
        """The recipient's address."""

    @property
    def name(self) -> str:
        """The recipient's name."""

    @property
    def issued_at(self) -> datetime:
        """The time at which the mail was requested."""

    @property
    def expires_at(self) -> datetime:
        """The time after which the mail is not sent."""

    @property
    def content(self) -> Mapping[str, str]:
        """The values for the templates, by key."""


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
        """Count a final mail; `mail` is None if it could not be read, `after` is the time since its event."""

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
        """Return whether this process still has the claim, which it may have lost while it was frozen."""

    def complete(self, entry: Entry, grant: ClaimGranted, outcome: Outcome) -> None:
        """Record the outcome, write the receipt and acknowledge the entry, atomically and once.

        An acceptance is recorded even if the claim was lost; a refusal or expiry is not. Waits until Redis is available
        again, because an accepted mail without a record would be sent again.
        """


class DomainRateLimit(Protocol):
    """The rate limits of receiving domains, shared by all mailers."""

    def acquire(self, event_id: str, domain: str, *, expires_at: datetime) -> datetime | None:
        """Return None if the mail may be sent now, otherwise the time of its turn. Atomic; an event has one turn."""


class PayloadOpener(Protocol):
    """Opens the sealed part of an entry."""

    def open(self, entry: Entry) -> MailPayload:
        """Return the payload; raises UnreadableError if it cannot be decrypted or verified."""


class Renderer(Protocol):
    """Renders a mail's texts from templates."""

    def render(self, kind: MailKind, payload: MailPayload) -> Rendered:
        """Return subject and bodies."""


class MailTransport(Protocol):
    """Sends mails to the mail server."""

    def send(self, mail: Mail, *, should_send: Callable[[], bool]) -> None:
        """Send a mail; return after the server has accepted it. Raises NotSentError or ServerUnavailableError.

        `should_send` is called right before the message is sent; if it returns False, AbandonedError is raised.
        """
