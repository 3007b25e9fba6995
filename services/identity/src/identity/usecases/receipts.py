"""Storing the mailer's receipts: what became of each mail (VER-6)."""

from identity.usecases.ports.outbox import OutboxReader
from identity.usecases.ports.stream import Stream


def record_receipts(outbox: OutboxReader, stream: Stream, *, block_ms: int) -> int:
    """Store the states of mails and delete their sealed payloads (SEC-9); return how many."""
    receipts = stream.receipts(block_ms=block_ms)
    if receipts:
        outbox.record_receipts([receipt for _, receipt in receipts])
        stream.acknowledge([entry_id for entry_id, _ in receipts])
    return len(receipts)
