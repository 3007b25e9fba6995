"""Compares the streams of events and mails with the outbox, and with each other (EVT-7)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from port_events.envelope import MAIL_STREAM, STREAM

from tests.faults.evidence import OutboxRow
from tests.faults.stream_logs import StreamEntry

Streams = Mapping[str, Sequence[StreamEntry]]


def misplaced_entries(streams: Streams, rows: Sequence[OutboxRow]) -> Iterator[str]:
    """Describe each unpublished event, and each entry on the wrong stream or at the wrong position.

    An entry may be repeated: the relay publishes lost events again, and both Redis servers may have it.
    """
    events = {each.event_id for each in streams[STREAM]}
    yield from (
        f"{row.event_id} ({row.type}) never on {STREAM}" for row in rows if row.event_id not in events
    )
    mailed = {row.event_id for row in rows if row.mail_state is not None}
    for each in streams[STREAM]:
        if each.is_sealed:
            yield f"{each.event_id} with a sealed part on {STREAM}"
    for each in streams[MAIL_STREAM]:
        if not each.is_sealed or each.event_id not in mailed:
            yield f"{each.event_id} on {MAIL_STREAM} without a mail"
    positions = {each.event_id: each.position for each in streams[STREAM]}
    for stream, entries in streams.items():
        yield from _out_of_order(stream, entries, positions)


def _out_of_order(
    stream: str, entries: Sequence[StreamEntry], positions: Mapping[str, int | None]
) -> Iterator[str]:
    """Describe entries first published out of order, and entries whose position differs from that in `positions`."""
    first = dict.fromkeys(each.event_id for each in entries)
    for before, after in pairwise(positions.get(event_id) or 0 for event_id in first):
        if after <= before:
            yield f"position {after} after {before} on {stream}"
    for each in entries:
        if each.position != positions.get(each.event_id):
            yield f"{each.event_id} at position {each.position} of {stream}, {positions.get(each.event_id)} on {STREAM}"
