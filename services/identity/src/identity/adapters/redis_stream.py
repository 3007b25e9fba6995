"""Writes the streams of events and mails, and reads the mailer's receipts (SEC-10, EVT-7)."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from port_events.consumer_group import Group, RawEntry
from port_events.envelope import MAIL_STREAM, RECEIPTS, as_text, to_fields
from port_events.redis_client import check_writable
from redis import Redis
from typing_extensions import override

from identity.adapters.legacy_mail_copies import MailCopies
from identity.adapters.mail_stream_trimming import MailStream, id_of, text_of
from identity.adapters.relay_checkpoint import RedisCheckpoint
from identity.usecases.ports.outbox import PositionedEvent, Receipt
from identity.usecases.ports.stream import Checkpoint, MailerProgress, Stream

_STATES = frozenset({"sent", "refused", "expired"})
_RECEIPT_BATCH = 500
_CATEGORY_CHARACTERS = 32


class RedisStream(Stream, MailerProgress):
    """The streams and their checkpoint. Publishing and receiving may use different threads. Raises redis.RedisError."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._client = client
        self._stream = stream
        self._checkpoint = RedisCheckpoint(client, stream)
        self._copies = MailCopies(client, stream)
        self._mails = MailStream(client)
        self._receipts = Group(client, RECEIPTS, "identity", "relay")
        self._high_watermark = 0

    @override
    def checkpoint(self, epoch: str) -> Checkpoint:
        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.get(self._checkpoint.key(epoch))
            pipeline.exists(self._stream)
            value, exists = pipeline.execute()
        stored = int(value) if value is not None else None
        position = stored if exists else None
        self._high_watermark = max(self._high_watermark, position or 0)
        return Checkpoint(epoch, position, high_watermark=self._high_watermark, stored=stored)

    @override
    def publish(self, entries: Sequence[PositionedEvent], *, expected: Checkpoint, position: int) -> None:
        # All or nothing: a full Redis refuses the whole transaction.
        with self._checkpoint.watching(expected) as pipeline:
            pipeline.multi()
            for each in entries:
                if each.sealed is not None:  # before the event: MailCopies relies on this order
                    fields = to_fields(each.ce, each.type, each.sealed, each.position)
                    pipeline.xadd(MAIL_STREAM, fields)  # type: ignore[arg-type]  # dict is invariant
                fields = to_fields(each.ce, each.type, None, each.position)
                pipeline.xadd(self._stream, fields)  # type: ignore[arg-type]  # dict is invariant
            pipeline.set(self._checkpoint.key(expected.epoch), position)
        self._high_watermark = position
        self._copies.record_published(position)

    @override
    def copy_mails(self, expected: Checkpoint, choose: Callable[[Collection[str]], Collection[str]]) -> int:
        return self._copies.make(expected, choose)

    def forget_copies(self) -> None:
        """Make the next `copy_mails` search again: Redis may have lost copies, for example in a crash."""
        self._copies.forget()

    def check_writable(self) -> None:
        """Raise redis.RedisError unless Redis accepts writes and the user has access to the mails."""
        check_writable(self._client, self._checkpoint.key("check"))
        self._client.xlen(MAIL_STREAM)

    @override
    def trim(self, retention: timedelta) -> int:
        seconds: int = self._client.time()[0]  # the server's clock, from which the entry ids are made
        oldest = (seconds - int(retention.total_seconds())) * 1000, 0
        if oldest <= (0, 0):
            return 0
        trimmed = self._client.xtrim(self._stream, minid=text_of(oldest), approximate=False)
        return trimmed + self._mails.trim(oldest)

    @override
    def unhandled_from(self, epoch: str) -> int | None:
        checkpoint = self.checkpoint(epoch)  # read first, so that events published meanwhile do not count
        return None if checkpoint.position is None else self._mails.unhandled_from(checkpoint.position)

    @override
    def unhandled_among(self, event_ids: Collection[str]) -> set[str]:
        return self._mails.unhandled_among(event_ids)

    @override
    def has_receipts(self) -> bool:
        newest: Any = self._client.xrevrange(RECEIPTS, count=1)
        if not newest:
            return False
        groups: Any = self._client.xinfo_groups(RECEIPTS)
        ours = next((each for each in groups if as_text(each["name"]) == self._receipts.group), None)
        last_read = id_of(as_text(ours["last-delivered-id"])) if ours else (0, 0)
        return not ours or ours["pending"] > 0 or last_read < id_of(as_text(newest[0][0]))

    @override
    def receipts(self, *, block_ms: int) -> Sequence[tuple[str, Receipt]]:
        # Pending receipts come first: they were read by a relay that died, or before the database or Redis failed.
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


def _receipt(fields: dict[str, str]) -> Receipt:
    """Return a receipt; an unreadable time becomes the current time.

    A receipt with an unknown state gets an empty event id, which matches no mail.
    """
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
