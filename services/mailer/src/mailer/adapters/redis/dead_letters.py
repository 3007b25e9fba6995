"""The dead letters in Redis: the hash `mailer:dead`, by event id, written when the ledger closes a mail (MAIL-5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from port_events.envelope import MalformedEvent, as_text, from_fields, parse_rfc3339
from port_events.group import RELEASED_CONSUMER, RELEASED_IDLE_MS

from mailer.adapters.redis.ledger import DEAD, PREFIX
from mailer.adapters.redis.stream import GROUP
from mailer.usecases.dead_letters import DeadLetter, RetryResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis
    from port_events.envelope import Entry

BATCH: Final = 500

# KEYS: record, dead letters, stream. ARGV: event id, entry id, group, member, idle, the dead letter as it was read.
# The entry becomes pending again as what a mailer hands back when it stops: the next sweep of any mailer takes it.
_RETRY: Final = """
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[6] then return 'UNKNOWN' end
if redis.call('HGET', KEYS[1], 'state') ~= 'refused' then return 'NOT_REFUSED' end
if #redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2]) == 0 then return 'GONE' end
redis.call('XCLAIM', KEYS[3], ARGV[3], ARGV[4], 0, ARGV[2], 'IDLE', ARGV[5], 'FORCE', 'JUSTID')
redis.call('HSET', KEYS[1], 'state', 'waiting', 'due', 0)
redis.call('HDEL', KEYS[1], 'at', 'category')
redis.call('HINCRBY', KEYS[1], 'tries', 1)
redis.call('HDEL', KEYS[2], ARGV[1])
return 'QUEUED'
"""


class RedisDeadLetters:
    """See `mailer.usecases.dead_letters.DeadLetters`; raises what redis raises."""

    def __init__(self, client: redis.Redis, *, stream: str) -> None:
        self._client, self._stream = client, stream

    def all(self) -> Iterator[DeadLetter]:
        """Yield each; read in small pieces, so that a long list stops nobody."""
        seen = set()  # HSCAN may tell of one twice while the hash grows
        for octets, record in self._client.hscan_iter(DEAD, count=BATCH):
            event_id = as_text(octets)
            if event_id not in seen:
                seen.add(event_id)
                yield _dead_letter(event_id, as_text(record))

    def find(self, event_id: str) -> DeadLetter | None:
        """Return one; None when there is none of this event."""
        record = self._record(event_id)
        return None if record is None else _dead_letter(event_id, record)

    def fetch(self, letter: DeadLetter) -> Entry | None:
        """Return its entry of the stream; None when that is gone."""
        found: Any = self._client.xrange(self._stream, letter.entry_id, letter.entry_id)
        try:
            return from_fields(*found[0]) if found else None
        except MalformedEvent:
            return None

    def retry(self, letter: DeadLetter) -> RetryResult:
        """Put it back in the queue: of two operators who ask at once, one does."""
        record = self._record(letter.event_id)
        if record is None:
            return RetryResult.UNKNOWN
        keys = [PREFIX + letter.event_id, DEAD, self._stream]
        how = (letter.event_id, letter.entry_id, GROUP, RELEASED_CONSUMER, RELEASED_IDLE_MS, record)
        answer: Any = self._client.eval(_RETRY, len(keys), *keys, *how)
        return RetryResult[as_text(answer)]

    def drop(self, event_id: str) -> bool:
        """Forget it; False when it was not there."""
        return bool(self._client.hdel(DEAD, event_id))

    def _record(self, event_id: str) -> str | None:
        record: Any = self._client.hget(DEAD, event_id)
        return None if record is None else as_text(record)


def _dead_letter(event_id: str, record: str) -> DeadLetter:
    values = json.loads(record)
    return DeadLetter(
        event_id=event_id,
        entry_id=values["entry_id"],
        type=values["type"],
        at=parse_rfc3339(values["at"]),
        attempts=values.get("attempts"),
        category=values["category"],
        reply_text=values["words"],
    )
