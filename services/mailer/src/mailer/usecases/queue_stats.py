"""Counts of the mail queue across all mailers, for operators."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class QueueState(StrEnum):
    """The state of a mail that is not final; `mailer queue --help` explains each."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class PauseState:
    """An operator's pause of the queue, with the operator's reason."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ThrottledDomain:
    """A recipient domain over its rate limit, and the number of its waiting mails."""

    domain: str
    waiting: int


@dataclass(frozen=True, slots=True)
class Member:
    """A mailer, or `handed-back`, the consumer of released entries.

    It has `pending` entries, and `queued` messages in its queue, and was last active `idle_seconds` ago.
    """

    name: str
    pending: int
    queued: int
    idle_seconds: float


@dataclass(slots=True)
class QueueCounts:
    """Numbers of mails by state. `since_ms` is the publication time of the oldest by Redis' clock, or None."""

    waiting: int = 0
    in_flight: int = 0
    delayed: int = 0
    since_ms: int | None = None

    def add(self, state: QueueState, count: int, since_ms: int) -> None:
        """Add mails in one state, the oldest of which was published at `since_ms`."""
        setattr(self, state, getattr(self, state) + count)
        self.since_ms = since_ms if self.since_ms is None else min(self.since_ms, since_ms)

    def merge(self, other: QueueCounts) -> None:
        if other.since_ms is not None:
            for state in QueueState:
                self.add(state, getattr(other, state), other.since_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """The whole queue at `now_ms` of Redis' clock; `by_type` is keyed by event type."""

    now_ms: int
    by_type: Mapping[str, QueueCounts]
    members: tuple[Member, ...]
    throttled: tuple[ThrottledDomain, ...]
    pause: PauseState | None
    dead: int

    @property
    def all(self) -> QueueCounts:
        """The sum over all types."""
        total = QueueCounts()
        for each in self.by_type.values():
            total.merge(each)
        return total

    def age_seconds(self, counts: QueueCounts) -> float | None:
        """Return the age of the oldest mail in `counts`, or None if there is none."""
        return None if counts.since_ms is None else max(self.now_ms - counts.since_ms, 0) / 1000
