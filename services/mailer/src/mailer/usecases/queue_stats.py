"""What an operator sees of the mail queue: true figures of all mailers together (MAIL-5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class QueueState(StrEnum):
    """Where a mail is that is not finished."""

    WAITING = "waiting"
    IN_FLIGHT = "in_flight"
    DELAYED = "delayed"


@dataclass(frozen=True, slots=True)
class PauseState:
    """An operator's pause: since when, and why in the operator's words."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ThrottledDomain:
    """A receiving domain over its ceiling, and how many mails have a turn to come."""

    domain: str
    waiting: int


@dataclass(frozen=True, slots=True)
class Member:
    """A mailer, or `handed-back`: entries it holds, messages in its queue, seconds since it was heard of."""

    name: str
    pending: int
    queued: int
    idle_seconds: float


@dataclass(slots=True)
class QueueCounts:
    """Mails that are not finished. `since_ms` is when the oldest was published, by Redis' clock."""

    waiting: int = 0
    in_flight: int = 0
    delayed: int = 0
    since_ms: int | None = None

    def add(self, state: QueueState, count: int, since_ms: int) -> None:
        """Count mails of which the oldest was published then."""
        setattr(self, state, getattr(self, state) + count)
        self.since_ms = since_ms if self.since_ms is None else min(self.since_ms, since_ms)

    def merge(self, other: QueueCounts) -> None:
        """Add another's figures."""
        if other.since_ms is not None:
            for place in QueueState:
                self.add(place, getattr(other, place), other.since_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """The whole queue at `now_ms` of Redis' clock; `by_type` is by event type."""

    now_ms: int
    by_type: Mapping[str, QueueCounts]
    members: tuple[Member, ...]
    throttled: tuple[ThrottledDomain, ...]
    pause: PauseState | None
    dead: int

    @property
    def all(self) -> QueueCounts:
        """The figures of all types together."""
        total = QueueCounts()
        for each in self.by_type.values():
            total.merge(each)
        return total

    def age_seconds(self, counts: QueueCounts) -> float | None:
        """Return how old the oldest of these is; None when there is none."""
        return None if counts.since_ms is None else max(self.now_ms - counts.since_ms, 0) / 1000
