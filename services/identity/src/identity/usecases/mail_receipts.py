"""The results of mails: the mailer's receipts, and lost mails (VER-6)."""

from datetime import datetime, timedelta

import structlog

from identity.usecases.ports.outbox import OutboxReader, WaitingMails
from identity.usecases.ports.stream import MailerProgress, Stream

_log = structlog.get_logger("identity.relay")
_SETTLED = timedelta(minutes=1)
"""A mail is examined only when this time has passed since its publication."""
_BATCH = 500


def record_receipts(outbox: OutboxReader, stream: Stream, *, block_ms: int) -> int:
    """Store the states of mails and delete their sealed payloads (SEC-9); return the number of receipts.

    Waits at most `block_ms` for the first receipt.
    """
    receipts = stream.receipts(block_ms=block_ms)
    if receipts:
        outbox.record_receipts([receipt for _, receipt in receipts])
        stream.acknowledge([entry_id for entry_id, _ in receipts])
    return len(receipts)


def record_lost_mails(outbox: WaitingMails, stream: MailerProgress, now: datetime) -> int:
    """Mark lost mails as refused, so that people may request new mails; return their number.

    A mail is lost if its stream entry was acknowledged without a receipt, or deleted by anyone but the relay. The
    mailer acknowledges an entry and writes its receipt together. So once all receipts are stored, a mail without a
    receipt is lost if its entry is acknowledged or deleted.
    """
    position = stream.unhandled_from(outbox.epoch())
    if position is None:
        return 0
    waiting = outbox.waiting_mails(before=position, published_before=now - _SETTLED, limit=_BATCH)
    lost = set(waiting) - stream.unhandled_among(waiting) if waiting else set()
    if not lost or stream.has_receipts():
        return 0
    recorded = outbox.record_lost_mails(lost, now)
    if recorded:
        _log.error("mails lost from the stream", mails=recorded)
    return recorded
