"""Publishing the outbox to the streams of events and mails (EVT-2, EVT-7).

An event receives its position in the database once, before it is published. Redis stores a checkpoint: the position of
the newest event in the streams. One Redis transaction changes both streams and the checkpoint, unless the checkpoint
has changed since it was read. After a crash between the writes to the database and to Redis, or after Redis lost data
or was restored from a backup, publishing continues from the checkpoint.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from identity.usecases.ports.outbox import OutboxReader, PositionedEvent
from identity.usecases.ports.stream import Checkpoint, ConcurrentPublish, Stream

_log = structlog.get_logger("identity.relay")

BATCH = 1000


def publish(outbox: OutboxReader, stream: Stream, now: datetime, *, retention: timedelta) -> int:
    """Publish the next batch of events in the order of their positions; return their number. Raises ConcurrentPublish.

    Events that have a position but are missing in Redis come first; if Redis has no checkpoint, only those within
    `retention`. Before that, mails that a relay of the previous release left on the event stream are copied.
    """
    checkpoint = stream.checkpoint(outbox.epoch())
    if copied := stream.copy_mails(checkpoint, outbox.unsent_mails):
        _log.info("copied mails of the previous release to their own stream", mails=copied)
    published, newest = checkpoint.position or 0, outbox.newest_position()
    if published < newest:
        # A stream that is only behind receives all events, so that consumers see no gap.
        since = now - retention if checkpoint.position is None else None
        events = outbox.positioned(after=published, since=since, limit=BATCH)
        if events:
            return _catch_up(stream, checkpoint, events, newest=newest)
    if published > newest:
        outbox.forget_position()
        newest = outbox.newest_position()
    rewound = published > newest
    # A restored database reuses no lost positions, and skips one more, so that consumers see a gap and start over.
    beyond = published + 1 if rewound else published
    events = outbox.assign_positions(now, beyond=beyond, limit=BATCH)
    if events:
        if events[0].position != max(newest, beyond) + 1:
            # Another relay has assigned positions, and may not have published the events yet.
            raise ConcurrentPublish
        stream.publish(events, expected=checkpoint, position=events[-1].position)
    if events and rewound:
        _log.warning("the database is older than the stream: restored from a copy?", stream=published)
    return len(events)


def _catch_up(
    stream: Stream, checkpoint: Checkpoint, events: Sequence[PositionedEvent], *, newest: int
) -> int:
    """Publish a batch that Redis lacks. Mails with a receipt have no sealed payload, so they are not sent again."""
    stream.publish(events, expected=checkpoint, position=events[-1].position)
    published = checkpoint.position or 0
    lost = checkpoint.position is None or published < checkpoint.high_watermark
    if lost or newest - published > BATCH:
        _log.warning(
            "published again what Redis no longer held", after=checkpoint.position, events=len(events)
        )
    else:  # at most one batch, after a crash between the writes to the database and to the stream
        _log.info("published what had not arrived in Redis", after=published, events=len(events))
    return len(events)
