"""The dead letters in an operator's hands: list, read without secrets, retry, drop (MAIL-5, SEC-9)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from mailer.domain.errors import UnreadableError
from mailer.domain.mail import mask_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from port_events.envelope import Entry

    from mailer.usecases.ports import Clock, MailPayload, PayloadOpener


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A mail that was refused for good. `words` are the server's, without secrets; `attempts` None: not known."""

    event_id: str
    entry_id: str
    type: str
    at: datetime
    attempts: int | None
    category: str
    reply_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which dead letters are meant; None leaves a question open. `since` and `until` bound when it was refused."""

    type: str | None = None
    category: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Tell whether this one is meant."""
        return (
            self.type in {None, letter.type}
            and self.category in {None, letter.category}
            and (self.since is None or letter.at >= self.since)
            and (self.until is None or letter.at <= self.until)
        )


class RetryResult(StrEnum):
    """What became of the wish to send a dead letter again."""

    QUEUED = "queued again"
    UNKNOWN = "no such dead letter"
    EXPIRED = "expired, not queued"
    GONE = "its event is no longer in the stream, not queued"
    NOT_REFUSED = "the ledger does not have it as refused, not queued"


@dataclass(frozen=True, slots=True)
class DeadLetterDetails:
    """A dead letter with what its sealed part tells an operator; None with the reason where it tells nothing."""

    letter: DeadLetter
    recipient: str | None
    expires_at: datetime | None
    unreadable: str = ""


class DeadLetters(Protocol):
    """Where they are kept, and the queue they came from."""

    def all(self) -> Iterator[DeadLetter]:
        """Yield each, in no order."""
        ...

    def find(self, event_id: str) -> DeadLetter | None:
        """Return one; None when there is none of this event."""
        ...

    def fetch(self, letter: DeadLetter) -> Entry | None:
        """Return its entry of the stream with the sealed part; None when that is gone."""
        ...

    def retry(self, letter: DeadLetter) -> RetryResult:
        """Put it back in the queue, once, however many ask: atomic."""
        ...

    def drop(self, event_id: str) -> bool:
        """Forget it; False when it was not there."""
        ...


class DeadLetterService:
    """What operators do; the mail itself is opened only for its recipient and its validity."""

    def __init__(self, dead: DeadLetters, letters: PayloadOpener, *, clock: Clock) -> None:
        self._dead, self._letters, self._clock = dead, letters, clock

    def newest(self, wanted: DeadLetterFilter, *, limit: int) -> tuple[Iterable[DeadLetter], int]:
        """Return the newest `limit` of those that are meant, newest first, and how many there are in all."""
        counted = _Counting(each for each in self._dead.all() if wanted.matches(each))
        return heapq.nlargest(limit, counted, key=lambda each: (each.at, each.event_id)), counted.count

    def ids(self, wanted: DeadLetterFilter) -> tuple[str, ...]:
        """Return the event ids of all that are meant, oldest first."""
        meant = sorted((each.at, each.event_id) for each in self._dead.all() if wanted.matches(each))
        return tuple(event_id for _, event_id in meant)

    def has(self, event_id: str) -> bool:
        """Tell whether there is one of this event."""
        return self._dead.find(event_id) is not None

    def show(self, event_id: str) -> DeadLetterDetails | None:
        """Return one dead letter; None when there is none of this event."""
        letter = self._dead.find(event_id)
        if letter is None:
            return None
        try:
            opened = self._open(letter)
        except UnreadableError as error:
            return DeadLetterDetails(letter, None, None, error.reason)
        if opened is None:
            return DeadLetterDetails(letter, None, None, "its event is no longer in the stream")
        return DeadLetterDetails(letter, mask_address(opened.address), opened.expires_at)

    def retry(self, event_id: str) -> RetryResult:
        """Put one back in the queue unless it has expired; what cannot be opened is for the mailer to judge again."""
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
        """Forget one for good: the ledger still knows it as refused, so that no repeat of its event is mailed."""
        return self._dead.drop(event_id)

    def _open(self, letter: DeadLetter) -> MailPayload | None:
        entry = self._dead.fetch(letter)
        return self._letters.open(entry) if entry and entry.sealed else None


class _Counting:
    """Counts what passes through."""

    def __init__(self, letters: Iterable[DeadLetter]) -> None:
        self._letters, self.count = letters, 0

    def __iter__(self) -> Iterator[DeadLetter]:
        for each in self._letters:
            self.count += 1
            yield each
