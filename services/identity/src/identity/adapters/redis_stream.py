"""Writes the event stream, and reads the mailer's receipts (SEC-10)."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias, cast

from port_events.consumer_group import Group, RawEntry
from port_events.envelope import RECEIPTS, Entry, MalformedEvent, as_text, from_fields, to_fields
from port_events.redis_client import check_writable
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError
from typing_extensions import override

from identity.domain.audit_chain import Anchor
from identity.usecases.ports.audit import AnchorStore
from identity.usecases.ports.outbox import PositionedEvent, Receipt
from identity.usecases.ports.stream import Checkpoint, ConcurrentPublish, MailerProgress, Stream

_STATES = frozenset({"sent", "refused", "expired"})
_RECEIPT_BATCH = 500
_CATEGORY_CHARACTERS = 32
_SCAN_PAGE = 1000
MAILER_GROUP = "mailer"

EntryId: TypeAlias = tuple[int, int]
"""A time in milliseconds, and a sequence number within it."""


class RedisStream(Stream, MailerProgress):
    """The stream and its checkpoint. Publishing and receiving may use different threads. Raises redis.RedisError."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._receipts = Group(client, RECEIPTS, "identity", "relay")
        self._high_watermark = 0

    @override
    def checkpoint(self, epoch: str) -> Checkpoint:
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.get(self._checkpoint_key(epoch))
            pipeline.exists(self._stream)
            value, exists = pipeline.execute()
        stored = int(value) if value is not None else None
        position = stored if exists else None
        self._high_watermark = max(self._high_watermark, position or 0)
        return Checkpoint(epoch, position, high_watermark=self._high_watermark, stored=stored)

    @override
    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        # All or nothing: a full Redis refuses the whole transaction.
        key = self._checkpoint_key(expected.epoch)
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.watch(key)  # type: ignore[no-untyped-call]  # redis-py lacks the type
                stored: Any = pipeline.get(key)  # runs immediately: commands queue only after MULTI
                # A missing checkpoint is a mismatch too: a new one would hide what a wiped Redis has lost.
                if (None if stored is None else int(stored)) != expected.stored:
                    raise ConcurrentPublish
                pipeline.multi()
                for entry in entries:
                    fields = to_fields(entry.ce, entry.type, entry.sealed, entry.position)
                    pipeline.xadd(self._stream, fields)  # type: ignore[arg-type]  # dict is invariant
                pipeline.set(key, position)
                pipeline.execute()
        except WatchError:  # also raised when the connection is lost after WATCH
            raise ConcurrentPublish from None
        self._high_watermark = position

    def rewind(self, epoch: str, after: int) -> int | None:
        """Lower the checkpoint to `after`; return its previous value, or None if there is no checkpoint."""
        key = self._checkpoint_key(epoch)

        def lower(pipeline: Pipeline) -> int | None:
            stored: Any = pipeline.get(key)
            pipeline.multi()
            if stored is not None and int(stored) > after:
                pipeline.set(key, after)
            return None if stored is None else int(stored)

        return cast("int | None", self._client.transaction(lower, key, value_from_callable=True))  # type: ignore[arg-type]  # redis-py types the callable too narrowly

    def check_writable(self) -> None:
        """Raise redis.RedisError unless Redis accepts writes."""
        check_writable(self._client, self._checkpoint_key("check"))

    def _checkpoint_key(self, epoch: str) -> str:
        return f"{self._stream}:mark:{epoch}"

    @override
    def trim(self, retention: timedelta) -> int:
        seconds: int = self._client.time()[0]  # the server's clock, from which the entry ids are made
        oldest = (seconds - int(retention.total_seconds())) * 1000, 0
        if oldest <= (0, 0):
            return 0
        keep_from = min(oldest, self._first_unhandled(oldest))
        return self._client.xtrim(self._stream, minid=_text_of(keep_from), approximate=False)

    def _first_unhandled(self, before: EntryId) -> EntryId:
        """Return the first entry older than `before` that the mailer has not yet read or acknowledged.

        If the mailer's group does not exist, as in a new Redis before the mailer starts, that is the first entry with a
        sealed payload. An installation without a mailer has no such entries.
        """
        return self._mailers_next() or self._first_sealed(before)

    def _mailers_next(self) -> EntryId | None:
        """Return where the entries begin that the mailer has not handled; None if its group does not exist."""
        groups: Any = self._client.xinfo_groups(self._stream) if self._client.exists(self._stream) else []
        last_read = next((as_text(each["last-delivered-id"]) for each in groups if _is_mailers(each)), None)
        if last_read is None:
            return None
        pending: Any = self._client.xpending(self._stream, MAILER_GROUP)
        if pending["min"]:
            return _id_of(as_text(pending["min"]))
        milliseconds, number = _id_of(last_read)
        return milliseconds, number + 1

    @override
    def unhandled_from(self, epoch: str) -> int | None:
        checkpoint = self.checkpoint(epoch)  # first: what is published meanwhile does not count
        if checkpoint.position is None:
            return None
        start = self._mailers_next() or (0, 0)
        first: Any = self._client.xrange(self._stream, _text_of(start), count=1)
        if not first:
            return checkpoint.position + 1
        entry = _entry(first[0])
        return min(entry.position, checkpoint.position + 1) if entry and entry.position else None

    @override
    def unhandled_among(self, event_ids: Collection[str]) -> set[str]:
        left, start = set(event_ids), _text_of(self._mailers_next() or (0, 0))
        found: set[str] = set()
        while left - found:
            page: Any = self._client.xrange(self._stream, start, count=_SCAN_PAGE)
            found.update(left.intersection(entry.event.id for each in page if (entry := _entry(each))))
            if len(page) < _SCAN_PAGE:
                break
            start = f"({as_text(page[-1][0])}"
        return found

    @override
    def has_receipts(self) -> bool:
        newest: Any = self._client.xrevrange(RECEIPTS, count=1)
        if not newest:
            return False
        groups: Any = self._client.xinfo_groups(RECEIPTS)
        ours = next((each for each in groups if as_text(each["name"]) == self._receipts.group), None)
        last_read = _id_of(as_text(ours["last-delivered-id"])) if ours else (0, 0)
        return not ours or ours["pending"] > 0 or last_read < _id_of(as_text(newest[0][0]))

    def _first_sealed(self, before: EntryId) -> EntryId:
        start = "-"
        while True:
            page: Any = self._client.xrange(self._stream, start, f"({_text_of(before)}", count=_SCAN_PAGE)
            for entry_id, fields in page:
                if b"sealed" in fields or "sealed" in fields:
                    return _id_of(as_text(entry_id))
            if len(page) < _SCAN_PAGE:
                return before
            start = f"({as_text(page[-1][0])}"

    @override
    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        # Pending receipts first: from a relay that died, or from this one when the database or the connection failed.
        pending = self._receipts.claim_next(0, _RECEIPT_BATCH)
        return self._read(pending or self._receipts.read(_RECEIPT_BATCH, block_ms))

    @override
    def acknowledge(self, entry_ids: Sequence[str]) -> None:
        self._receipts.ack(*entry_ids)

    def _read(self, raw: Sequence[RawEntry]) -> list[tuple[str, Receipt]]:
        return [
            (entry_id, _receipt({as_text(k): as_text(v) for k, v in fields.items()}))
            for entry_id, fields in raw
        ]


class RedisAnchor(AnchorStore):
    """The anchor of one database in Redis, under a key that only the relay may write (SEC-10)."""

    def __init__(self, client: Redis, stream: str, epoch: Callable[[], str]) -> None:
        self._client, self._stream, self._epoch = client, stream, epoch

    @override
    def read(self) -> Anchor | None:
        stored: Any = self._client.get(self._key())
        return Anchor.from_json(stored) if stored is not None else None

    @override
    def write(self, anchor: Anchor) -> None:
        self._client.set(self._key(), anchor.to_json())

    def _key(self) -> str:
        return f"{self._stream}:mark:{self._epoch()}:audit"


def _entry(raw: RawEntry) -> Entry | None:
    try:
        return from_fields(*raw)
    except MalformedEvent:
        return None


def _is_mailers(group: dict[str, Any]) -> bool:
    return as_text(group["name"]) == MAILER_GROUP


def _id_of(text: str) -> EntryId:
    milliseconds, _, number = text.partition("-")
    return int(milliseconds), int(number or 0)


def _text_of(entry_id: EntryId) -> str:
    return f"{entry_id[0]}-{entry_id[1]}"


def _receipt(fields: dict[str, str]) -> Receipt:
    """Return a receipt; a malformed one gets an empty event id, which matches no mail."""
    try:
        at = datetime.fromisoformat(fields.get("at", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        at = datetime.now(UTC)
    is_valid = fields.get("state") in _STATES
    return Receipt(
        fields.get("event_id", "") if is_valid else "",
        fields.get("state", ""),
        at,
        fields.get("category", "")[:_CATEGORY_CHARACTERS],
    )
