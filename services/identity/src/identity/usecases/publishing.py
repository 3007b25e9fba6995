"""Publishing the outbox to the streams of events and mails (EVT-2, EVT-7).

An event gets its position in the database, once, before it is published. Redis keeps a checkpoint beside the streams:
the position of the newest event in them. Both streams and checkpoint change in one transaction, and only if the
checkpoint is the one that was read. After a crash between database and Redis, and after Redis lost data or was restored
from a backup, the checkpoint shows what the streams really hold, and the outbox what has to follow.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from identity.usecases.ports.outbox import OutboxReader, PositionedEvent
from identity.usecases.ports.stream import Checkpoint, ConcurrentPublish, Stream

_log = structlog.get_logger("identity.relay")

BATCH = 1000


def publish(outbox: OutboxReader, stream: Stream, now: datetime, *, retention: timedelta) -> int:
    """Publish the next events in the order of their commits; return how many. Raises ConcurrentPublish.

    Events that have a position but are not in Redis come first. An empty Redis gets those within `retention`.
    """
    checkpoint = stream.checkpoint(outbox.epoch())
    if copied := stream.copy_mails(checkpoint, outbox.unsent_mails):
        _log.info("copied mails of the previous release to their own stream", mails=copied)
    published, newest = checkpoint.position or 0, outbox.newest_position()
    if published < newest:
        # A stream that is merely behind gets everything: consumers must see no gap.
        since = now - retention if checkpoint.position is None else None
        events = outbox.positioned(after=published, since=since, limit=BATCH)
        if events:
            return _catch_up(stream, checkpoint, events, newest=newest)
    if published > newest:
        newest = outbox.newest_position(refresh=True)
    rewound = published > newest
    # A database restored from a backup reuses no lost position, and skips one: consumers see the gap and start over.
    beyond = published + 1 if rewound else published
    events = outbox.assign_positions(now, beyond=beyond, limit=BATCH)
    if events:
        if events[0].position != max(newest, beyond) + 1:
            # Another relay has assigned positions meanwhile and may not have published them yet.
            raise ConcurrentPublish
        stream.publish(events, expected=checkpoint, position=events[-1].position)
    if events and rewound:
        _log.warning("the database is older than the stream: restored from a copy?", stream=published)
    return len(events)


def _catch_up(
    stream: Stream, checkpoint: Checkpoint, events: Sequence[PositionedEvent], *, newest: int
) -> int:
    """Publish a batch that is missing in Redis; mails with a receipt have no sealed payload any more (MAIL-3)."""
    stream.publish(events, expected=checkpoint, position=events[-1].position)
    published = checkpoint.position or 0
    lost = checkpoint.position is None or published < checkpoint.high_watermark
    if lost or newest - published > BATCH:
        _log.warning(
            "published again what Redis no longer held", after=checkpoint.position, events=len(events)
        )
    else:  # at most the one batch of a crash between database and stream
        _log.info("published what had not arrived in Redis", after=published, events=len(events))
    return len(events)
