"""The relay's side of Redis: writes the event stream, reads the mailer's receipts (SEC-10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from port_events.envelope import RECEIPTS, as_text, to_fields
from port_events.group import Group, RawEntry
from redis import Redis
from redis.exceptions import WatchError

from identity.usecases.relaying import Mark, Overtaken, Placed

_STATES = frozenset({"sent", "refused", "expired"})
_RECEIPTS_AT_ONCE = 500
_CATEGORY_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class MailReceipt:
    """What became of a mail."""

    event_id: str
    state: str
    at: datetime
    category: str


class RedisStream:
    """One client for both directions would block publishing while it waits for receipts: use two."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._receipts = Group(client, RECEIPTS, "identity", "relay")
        self._unnoted = True
        self._farthest = 0

    def mark(self, epoch: str) -> Mark:
        """Return how far the stream has got; a mark without its stream is worth nothing. Raises redis.RedisError."""
        with self._client.pipeline(transaction=True) as both:
            both.get(self._mark_key(epoch))
            both.exists(self._stream)
            position, there = both.execute()
        noted = int(position) if position is not None else None
        held = noted if there else None
        self._farthest = max(self._farthest, held or 0)
        return Mark(epoch, held, farthest=self._farthest, noted=noted)

    def publish(self, entries: Sequence[Placed], *, seen: Mark, reached: int) -> None:
        """Append all the entries and move the mark, or nothing (a full Redis refuses the lot).

        Raises Overtaken, redis.RedisError.
        """
        key = self._mark_key(seen.epoch)
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.watch(key)  # type: ignore[no-untyped-call]  # redis-py's own gap
            position: Any = pipeline.get(key)  # at once: nothing is queued before MULTI
            if position is not None and int(position) != seen.noted:
                raise Overtaken
            pipeline.multi()
            for entry in entries:
                fields = to_fields(entry.ce, entry.type, entry.sealed, entry.position)
                pipeline.xadd(self._stream, fields)  # type: ignore[arg-type]  # dict is invariant
            pipeline.set(key, reached)
            try:
                pipeline.execute()
            except WatchError:
                raise Overtaken from None
        self._farthest = reached

    def _mark_key(self, epoch: str) -> str:
        return f"{self._stream}:mark:{epoch}"

    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, MailReceipt]]:
        """Return the next receipts, waiting for them at most `block_ms`.

        What was read but not acknowledged comes first: a dead relay's, or ours while the database was away.
        """
        if self._unnoted:
            left = self._receipts.claim_stale(0, _RECEIPTS_AT_ONCE)
            if left:
                return self._read(left)
        fresh = self._receipts.read(_RECEIPTS_AT_ONCE, block_ms)
        self._unnoted = bool(fresh)
        return self._read(fresh)

    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        """Note that the receipts are in the database, and drop them from the stream."""
        self._receipts.ack(*entry_ids)

    def _read(self, raw: Sequence[RawEntry]) -> list[tuple[str, MailReceipt]]:
        return [
            (entry_id, _receipt({as_text(k): as_text(v) for k, v in fields.items()}))
            for entry_id, fields in raw
        ]


def _receipt(fields: dict[str, str]) -> MailReceipt:
    """Return a receipt; one that makes no sense names no event and so changes nothing."""
    try:
        at = datetime.fromisoformat(fields.get("at", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        at = datetime.now(UTC)
    known = fields.get("state") in _STATES
    return MailReceipt(
        fields.get("event_id", "") if known else "",
        fields.get("state", ""),
        at,
        fields.get("category", "")[:_CATEGORY_CHARACTERS],
    )
