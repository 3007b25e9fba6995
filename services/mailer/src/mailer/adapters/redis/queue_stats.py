"""Counts the mail queue across all mailers.

Entries that the group has not read yet are counted in the stream, and pending entries by their ledger records. The
entry that was delivered last when the count began separates the two, so that running mailers cause no entry to be
counted twice.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import redis
from port_events.consumer_group import RELEASED_CONSUMER
from port_events.envelope import MAIL_STREAM, as_text

from mailer.adapters.redis.connection import read_script, server_time_ms, unix_ms
from mailer.adapters.redis.delivery_ledger import DEAD, PREFIX
from mailer.adapters.redis.domain_rate_limits import throttled_domains
from mailer.adapters.redis.dramatiq_broker import NAMESPACE
from mailer.adapters.redis.heartbeats import heartbeat_times
from mailer.adapters.redis.queue_pause import RedisQueuePause
from mailer.adapters.redis.stream import GROUP
from mailer.domain.mail import FINAL, State
from mailer.domain.mail_kinds import has_no_mail
from mailer.usecases.queue_stats import Member, QueueCounts, QueueState, QueueStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailer.usecases.delivery_ports import Clock

BATCH: Final = 1000
UNKNOWN_TYPE: Final = "unknown"  # stands for the type of pending entries whose type cannot be read
_FIRST_ID: Final = "0-0"

_COUNT_BY_TYPE: Final = read_script("count_entries_by_type")
_LIST_PENDING: Final = read_script("list_pending_entries")


class _Pending(NamedTuple):
    """A pending entry. `type` and `event_id` are empty if they cannot be read."""

    entry_id: str
    type: str
    event_id: str


class RedisQueueStats:
    """Counts the mails; may raise redis.RedisError."""

    def __init__(self, client: redis.Redis, *, clock: Clock) -> None:
        self._client, self._clock = client, clock

    def collect(self) -> QueueStats:
        now = self._clock.now()
        last_delivered = self._last_delivered()
        by_type: defaultdict[str, QueueCounts] = defaultdict(QueueCounts)
        if last_delivered is not None:
            self._count_pending(by_type, last_delivered, now)
        self._count_unread(by_type, last_delivered or _FIRST_ID)
        return QueueStats(
            now_ms=server_time_ms(self._client),
            by_type=dict(sorted(by_type.items())),
            members=tuple(self._members()) if last_delivered is not None else (),
            throttled=tuple(throttled_domains(self._client, now)),
            pause=RedisQueuePause(self._client).read(),
            dead=int(self._client.hlen(DEAD)),
        )

    def _last_delivered(self) -> str | None:
        """Return the id of the last entry that was delivered to the group, or None if the group does not exist."""
        try:
            groups: Any = self._client.xinfo_groups(MAIL_STREAM)
        except redis.ResponseError as error:
            if "no such key" not in str(error):
                raise
            return None
        return next(
            (as_text(each["last-delivered-id"]) for each in groups if as_text(each["name"]) == GROUP), None
        )

    def _count_unread(self, by_type: defaultdict[str, QueueCounts], after: str) -> None:
        while True:
            last, *counts = self._client.eval(_COUNT_BY_TYPE, 1, MAIL_STREAM, after, BATCH)
            for name, count, first in counts:
                event_type = as_text(name)
                if not has_no_mail(event_type):
                    by_type[event_type].add(QueueState.WAITING, count, _published_ms(as_text(first)))
            after = as_text(last)
            if not after:
                return

    def _count_pending(self, by_type: defaultdict[str, QueueCounts], until: str, now: datetime) -> None:
        server_ms, now_ms = server_time_ms(self._client), unix_ms(now)
        for entries in self._pending(until):
            for entry, record in zip(entries, self._records(entries), strict=True):
                state = _state(record, now_ms=now_ms, server_ms=server_ms)
                if state and not (entry.type and has_no_mail(entry.type)):
                    by_type[entry.type or UNKNOWN_TYPE].add(state, 1, _published_ms(entry.entry_id))

    def _pending(self, until: str) -> Iterator[list[_Pending]]:
        first = "-"
        while True:
            found: Any = self._client.eval(_LIST_PENDING, 1, MAIL_STREAM, GROUP, first, until, BATCH)
            if not found:
                return
            yield [_Pending(*map(as_text, each)) for each in found]
            first = f"({as_text(found[-1][0])}"

    def _records(self, entries: Iterable[_Pending]) -> list[list[bytes | None]]:
        with self._client.pipeline(transaction=False) as pipeline:
            for each in entries:
                pipeline.hmget(PREFIX + each.event_id, "state", "lease", "due")
            return pipeline.execute()

    def _members(self) -> Iterator[Member]:
        heartbeats = heartbeat_times(self._client)
        now_ms = server_time_ms(self._client)
        for each in self._client.xinfo_consumers(MAIL_STREAM, GROUP):
            name, pending = as_text(each["name"]), int(each["pending"])
            if pending or name != RELEASED_CONSUMER:
                queued: Any = self._client.hlen(f"{NAMESPACE}:{name}.msgs")
                silence_ms = min(int(each["idle"]), now_ms - heartbeats.get(name, 0))
                yield Member(name, pending, int(queued), max(silence_ms, 0) / 1000)


def _state(record: list[bytes | None], *, now_ms: int, server_ms: int) -> QueueState | None:
    """Return the state of the mail with this ledger record, or None if it is final."""
    recorded, lease, due = (None if each is None else as_text(each) for each in record)
    if recorded in FINAL:
        return None
    if recorded == State.CLAIMED and lease and float(lease) > server_ms:
        return QueueState.IN_FLIGHT
    if recorded == State.WAITING and due and float(due) > now_ms:
        return QueueState.DELAYED
    return QueueState.WAITING


def _published_ms(entry_id: str) -> int:
    return int(entry_id.partition("-")[0])
