"""Operations on dead letters: list, show without secrets, retry and drop (MAIL-5, SEC-9)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from port_runtime.mailbox_mask import masked_mailbox

from mailer.domain.errors import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from port_events.envelope import Entry
    from port_events.mail_payload import MailPayload

    from mailer.usecases.delivery_ports import Clock, PayloadOpener


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A mail that was permanently refused, or unreadable, at `at`. `attempts` is None in records of old releases."""

    event_id: str
    entry_id: str
    type: str
    at: datetime
    attempts: int | None
    category: str
    reply_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """None matches any value. `since` and `until` limit the time of the refusal; both are inclusive."""

    type: str | None = None
    category: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, letter: DeadLetter) -> bool:
        return (
            self.type in {None, letter.type}
            and self.category in {None, letter.category}
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at <= self.until)
        )


class RetryResult(StrEnum):
    """The result of a retry. The values are texts for operators; retry_dead_letter.lua returns names."""

    QUEUED = "queued again"
    UNKNOWN = "no such dead letter"
    EXPIRED = "expired, not queued"
    GONE = "its event is no longer in the stream, not queued"
    NOT_REFUSED = "the ledger does not have it as refused, not queued"


@dataclass(frozen=True, slots=True)
class DeadLetterDetails:
    """A dead letter with its masked recipient and expiry. If both are None, `unreadable` is the reason."""

    letter: DeadLetter
    recipient: str | None
    expires_at: datetime | None
    unreadable: str = ""


class DeadLetters(Protocol):
    def all(self) -> Iterator[DeadLetter]:
        """Yield each dead letter once, in no particular order, reading page by page."""

    def find(self, event_id: str) -> DeadLetter | None:
        """Return the dead letter of this event, or None."""

    def fetch(self, letter: DeadLetter) -> Entry | None:
        """Return the entry of a dead letter, or None if the stream no longer has it or it is malformed."""

    def retry(self, letter: DeadLetter) -> RetryResult:
        """Put a dead letter back into the queue, atomically: only one of several concurrent retries succeeds."""

    def drop(self, event_id: str) -> bool:
        """Delete the dead letter of this event; return False if there was none."""


class DeadLetterService:
    """Operations on dead letters. Of a mail's sealed payload, they use only the recipient and the expiry."""

    def __init__(self, dead: DeadLetters, payload_opener: PayloadOpener, *, clock: Clock) -> None:
        self._dead, self._payload_opener, self._clock = dead, payload_opener, clock

    def newest(self, selection: DeadLetterFilter, *, limit: int) -> tuple[list[DeadLetter], int]:
        """Return up to `limit` selected dead letters, newest first, and the number of all selected dead letters."""
        count = 0  # counted while iterating, so that only the newest are stored

        def selected() -> Iterator[DeadLetter]:
            nonlocal count
            for each in self._dead.all():
                if selection.matches(each):
                    count += 1
                    yield each

        newest = heapq.nlargest(limit, selected(), key=lambda each: (each.at, each.event_id))
        return newest, count

    def ids(self, selection: DeadLetterFilter) -> tuple[str, ...]:
        """Return the event ids of the selected dead letters, oldest first."""
        selected = sorted((each.at, each.event_id) for each in self._dead.all() if selection.matches(each))
        return tuple(event_id for _, event_id in selected)

    def has(self, event_id: str) -> bool:
        return self._dead.find(event_id) is not None

    def show(self, event_id: str) -> DeadLetterDetails | None:
        """Return the details of this event's dead letter, or None if it has none."""
        letter = self._dead.find(event_id)
        if letter is None:
            return None
        try:
            opened = self._open(letter)
        except UnreadableError as error:
            return DeadLetterDetails(letter, None, None, str(error))
        if opened is None:
            return DeadLetterDetails(letter, None, None, "its event is no longer in the stream")
        return DeadLetterDetails(letter, masked_mailbox(opened.address), opened.expires_at)

    def retry(self, event_id: str) -> RetryResult:
        """Put a dead letter back into the queue, unless it has expired or its event is gone.

        An unreadable mail is put back too; a mailer refuses it again if it still cannot open the payload.
        """
        letter = self._dead.find(event_id)
        if letter is None:
            return RetryResult.UNKNOWN
        try:
            opened = self._open(letter)
        except UnreadableError:
            return self._dead.retry(letter)
        if opened is None:
            return RetryResult.GONE
        if opened.expires_at <= self._clock.now():
            return RetryResult.EXPIRED
        return self._dead.retry(letter)

    def drop(self, event_id: str) -> bool:
        """Permanently delete a dead letter; return False if there was none.

        Its ledger record stays, so that a repeated event is not mailed either.
        """
        return self._dead.drop(event_id)

    def _open(self, letter: DeadLetter) -> MailPayload | None:
        entry = self._dead.fetch(letter)
        return self._payload_opener.open(entry) if entry and entry.sealed else None
