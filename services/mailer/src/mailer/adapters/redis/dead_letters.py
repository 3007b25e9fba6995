"""Dead letters: the hash `mailer:dead`, keyed by event id. The ledger adds a refused mail to it (MAIL-5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from port_events.consumer_group import RELEASED_CONSUMER, RELEASED_IDLE_MS
from port_events.envelope import MAIL_STREAM, MalformedEvent, as_text, from_fields, parse_rfc3339
from typing_extensions import override

from mailer.adapters.redis.connection import read_script
from mailer.adapters.redis.delivery_ledger import DEAD, PREFIX
from mailer.adapters.redis.stream import GROUP
from mailer.usecases.dead_letters import DeadLetter, DeadLetters, RetryResult

if TYPE_CHECKING:
    from collections.abc import Iterator

    import redis
    from port_events.envelope import Entry

BATCH: Final = 500


class RedisDeadLetters(DeadLetters):
    """The dead letters in Redis. Every method may raise redis.RedisError."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    @override
    def all(self) -> Iterator[DeadLetter]:
        seen = set()  # HSCAN may return a field twice while the hash changes
        for key, record in self._client.hscan_iter(DEAD, count=BATCH):
            event_id = as_text(key)
            if event_id not in seen:
                seen.add(event_id)
                yield _dead_letter(event_id, as_text(record))

    @override
    def find(self, event_id: str) -> DeadLetter | None:
        record = self._record(event_id)
        return None if record is None else _dead_letter(event_id, record)

    @override
    def fetch(self, letter: DeadLetter) -> Entry | None:
        found: Any = self._client.xrange(MAIL_STREAM, letter.entry_id, letter.entry_id)
        try:
            return from_fields(*found[0]) if found else None
        except MalformedEvent:
            return None

    @override
    def retry(self, letter: DeadLetter) -> RetryResult:
        record = self._record(letter.event_id)
        if record is None:
            return RetryResult.UNKNOWN
        keys = [PREFIX + letter.event_id, DEAD, MAIL_STREAM]
        arguments = (letter.event_id, letter.entry_id, GROUP, RELEASED_CONSUMER, RELEASED_IDLE_MS, record)
        answer: Any = self._client.eval(read_script("retry_dead_letter"), len(keys), *keys, *arguments)
        return RetryResult[as_text(answer)]

    @override
    def drop(self, event_id: str) -> bool:
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
