"""The figures of the mail queue, from the stream, its group and the ledger: true for any number of mailers (MAIL-5).

What the group has not been given yet is counted by the stream; what it has, entry by entry, by the ledger. The
last entry given divides the two, so that nothing is counted twice while mailers work. Redis is asked in pieces.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import redis
from port_events.envelope import as_text
from port_events.group import RELEASED_CONSUMER

from mailer.adapters.redis.broker import NAMESPACE
from mailer.adapters.redis.ledger import DEAD, PREFIX
from mailer.adapters.redis.pause import RedisQueuePause
from mailer.adapters.redis.rate_limit import throttled_domains
from mailer.adapters.redis.stream import GROUP
from mailer.domain.attempt import FINAL, State
from mailer.domain.catalogue import is_not_mailed
from mailer.usecases.queue_stats import Member, QueueCounts, QueueState, QueueStats

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mailer.usecases.ports import Clock

BATCH: Final = 1000
UNKNOWN_TYPE: Final = "unknown"  # its entry is no longer in the stream
_BEGINNING: Final = "0-0"

# KEYS: stream. ARGV: the entry behind which to begin, how many. Answers the last entry seen, then for each type of
# those with a sealed part {type, how many, the first}.
_UNREAD: Final = """
local counts, firsts, last = {}, {}, ''
for _, entry in ipairs(redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])) do
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  last = entry[1]
  if fields['type'] and fields['sealed'] then
    counts[fields['type']] = (counts[fields['type']] or 0) + 1
    firsts[fields['type']] = firsts[fields['type']] or last
  end
end
local answer = {last}
for type, count in pairs(counts) do answer[#answer + 1] = {type, count, firsts[type]} end
return answer
"""

# KEYS: stream. ARGV: group, first, last, how many. Answers for each pending entry {id, type, event id}, the last two
# empty where the entry is gone.
_PENDING: Final = """
local answer = {}
for _, pending in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])) do
  local found, fields = redis.call('XRANGE', KEYS[1], pending[1], pending[1]), {}
  if found[1] then
    for i = 1, #found[1][2], 2 do fields[found[1][2][i]] = found[1][2][i + 1] end
  end
  local read, event = pcall(cjson.decode, fields['ce'] or '')
  answer[#answer + 1] = {pending[1], fields['type'] or '', read and type(event) == 'table' and event['id'] or ''}
end
return answer
"""


class _Pending(NamedTuple):
    """An entry that a mailer was given and has not finished."""

    entry_id: str
    type: str
    event_id: str


class RedisQueueStats:
    """Looks at one stream's mails; raises what redis raises."""

    def __init__(self, client: redis.Redis, *, stream: str, clock: Clock) -> None:
        self._client, self._stream, self._clock = client, stream, clock

    def collect(self) -> QueueStats:
        """Count everything."""
        now = self._clock.now()
        given = self._last_given()
        tallies: defaultdict[str, QueueCounts] = defaultdict(QueueCounts)
        if given is not None:
            self._count_pending(tallies, given, now)
        self._count_unread(tallies, given or _BEGINNING)
        return QueueStats(
            now_ms=self._server_ms(),
            by_type=dict(sorted(tallies.items())),
            members=tuple(self._members()) if given is not None else (),
            throttled=tuple(throttled_domains(self._client, now)),
            pause=RedisQueuePause(self._client).read(),
            dead=int(self._client.hlen(DEAD)),
        )

    def _last_given(self) -> str | None:
        """Return the last entry that the group was given; None when no mailer has made the group yet."""
        try:
            groups: Any = self._client.xinfo_groups(self._stream)
        except redis.ResponseError as error:
            if "no such key" not in str(error):
                raise
            return None
        ours = (each for each in groups if as_text(each["name"]) == GROUP)
        return next((as_text(each["last-delivered-id"]) for each in ours), None)

    def _count_unread(self, tallies: defaultdict[str, QueueCounts], behind: str) -> None:
        while True:
            last, *counts = self._client.eval(_UNREAD, 1, self._stream, behind, BATCH)
            for event_type, count, first in counts:
                if not is_not_mailed(as_text(event_type)):
                    tallies[as_text(event_type)].add(QueueState.WAITING, count, _published_ms(as_text(first)))
            behind = as_text(last)
            if not behind:
                return

    def _count_pending(self, tallies: defaultdict[str, QueueCounts], until: str, now: datetime) -> None:
        server_ms, now_ms = self._server_ms(), int(now.timestamp() * 1000)
        for entries in self._pending(until):
            for entry, record in zip(entries, self._records(entries), strict=True):
                place = _place(record, now_ms=now_ms, server_ms=server_ms)
                if place and not is_not_mailed(entry.type):
                    tallies[entry.type].add(place, 1, _published_ms(entry.entry_id))
                elif place and not entry.type:
                    tallies[UNKNOWN_TYPE].add(place, 1, _published_ms(entry.entry_id))

    def _pending(self, until: str) -> Iterator[list[_Pending]]:
        first = "-"
        while True:
            found: Any = self._client.eval(_PENDING, 1, self._stream, GROUP, first, until, BATCH)
            if not found:
                return
            yield [_Pending(*map(as_text, each)) for each in found]
            first = f"({as_text(found[-1][0])}"

    def _records(self, entries: Iterable[_Pending]) -> list[list[bytes | None]]:
        with self._client.pipeline(transaction=False) as asked:
            for each in entries:
                asked.hmget(PREFIX + each.event_id, "state", "lease", "due")
            return asked.execute()

    def _members(self) -> Iterator[Member]:
        for each in self._client.xinfo_consumers(self._stream, GROUP):
            name, holds = as_text(each["name"]), int(each["pending"])
            if holds or name != RELEASED_CONSUMER:
                queued: Any = self._client.hlen(f"{NAMESPACE}:{name}.msgs")
                yield Member(name, holds, int(queued), int(each["idle"]) / 1000)

    def _server_ms(self) -> int:
        seconds, microseconds = self._client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000


def _place(record: list[bytes | None], *, now_ms: int, server_ms: int) -> QueueState | None:
    """Return where the mail of this ledger record is; None when it is final."""
    state, lease, due = (None if each is None else as_text(each) for each in record)
    if state in FINAL:
        return None
    if state == State.CLAIMED and lease and float(lease) > server_ms:
        return QueueState.IN_FLIGHT
    if state == State.WAITING and due and float(due) > now_ms:
        return QueueState.DELAYED
    return QueueState.WAITING


def _published_ms(entry_id: str) -> int:
    return int(entry_id.partition("-")[0])
