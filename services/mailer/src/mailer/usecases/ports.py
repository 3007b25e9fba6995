"""What delivering needs from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from port_events.envelope import Entry

    from mailer.domain.attempt import State
    from mailer.domain.catalogue import MailKind
    from mailer.domain.mail import Mail


@dataclass(frozen=True, slots=True)
class ClaimGranted:
    """This attempt may send, alone while its lease lasts; `tries` counts the failed ones before."""

    event_id: str
    token: str
    tries: int


@dataclass(frozen=True, slots=True)
class ClaimDeferred:
    """Another attempt holds the mail, or its wait is not over: ask again in `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True)
class AlreadyFinal:
    """The mail is final already."""


Claim = ClaimGranted | ClaimDeferred | AlreadyFinal


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a mail ended; `category` and `words` are empty for a sent one. Without secrets."""

    state: State
    at: datetime
    category: str = ""
    reply_text: str = ""


class MailPayload(Protocol):
    """The opened sealed part, as `port_events.sealing.Letter` is."""

    @property
    def address(self) -> str:
        """The recipient."""
        ...

    @property
    def name(self) -> str:
        """The recipient's name."""
        ...

    @property
    def issued_at(self) -> datetime:
        """When it was asked for."""
        ...

    @property
    def expires_at(self) -> datetime:
        """From when it must not be sent."""
        ...

    @property
    def content(self) -> Mapping[str, str]:
        """What the texts need, by key."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's three texts."""

    subject: str
    text: str
    html: str


class Clock(Protocol):
    """Tells the time: expiry and waits follow it, so that tests can move it."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...


class DeliveryMetrics(Protocol):
    """What is counted of deliveries (OPS-4)."""

    def record_outcome(self, mail: str | None, state: State, *, after: timedelta) -> None:
        """Count a mail's end, so long after its event; without a name where it could not be read."""
        ...

    def record_deferral(self, reason: str) -> None:
        """Count an attempt after which the mail waits."""
        ...


class Ledger(Protocol):
    """Decides who sends, and remembers what was sent; one record an event (MAIL-3)."""

    def claim(self, entry: Entry) -> Claim:
        """Ask to send; atomic. Over, too, for an entry that the stream has lost since it was read."""
        ...

    def defer(self, grant: ClaimGranted, *, due: datetime, failed: bool) -> None:
        """Give the claim back until `due`; `failed` counts a try."""
        ...

    def release(self, grant: ClaimGranted) -> None:
        """Renew the claim no more; it is whose it is, and ends where it is still this grant's."""
        ...

    def owns(self, grant: ClaimGranted) -> bool:
        """Tell whether the claim is still this grant's; a process that was frozen may have lost it unawares."""
        ...

    def complete(self, entry: Entry, grant: ClaimGranted, outcome: Outcome) -> None:
        """Note the ending, give the receipt, end the entry's pendency: all at once, and once only.

        An acceptance is noted in any case; a refusal or an expiry only while the claim is still this grant's.
        """
        ...

    def ack(self, entry_id: str) -> None:
        """Take the entry off the pending list: there is nothing to do."""
        ...


class DomainRateLimit(Protocol):
    """The ceilings of the receiving domains, kept by all mailers together."""

    def acquire(self, event_id: str, domain: str, *, expires_at: datetime) -> datetime | None:
        """Return None when this mail may go now, else when its turn comes: atomic, and one turn an event."""
        ...


class PayloadOpener(Protocol):
    """Opens what is sealed."""

    def open(self, entry: Entry) -> MailPayload:
        """Return the letter; UnreadableError when it cannot be believed."""
        ...


class Renderer(Protocol):
    """Makes a mail's texts."""

    def render(self, kind: MailKind, letter: MailPayload) -> Rendered:
        """Return subject and both bodies."""
        ...


class MailTransport(Protocol):
    """The mail server."""

    def send(self, mail: Mail, *, should_send: Callable[[], bool]) -> None:
        """Return when the server has accepted it; NotSentError or ServerAwayError otherwise.

        `may_go` is asked at the last moment before the message leaves; AbandonedError where it says no.
        """
        ...
