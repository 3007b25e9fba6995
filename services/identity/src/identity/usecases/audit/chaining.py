"""Extending the chain of the audit log by segments, and deleting whole segments (SEC-11)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

import structlog

from identity.domain.audit import Entry
from identity.domain.audit_chain import GENESIS, ChainKeys, Segment
from identity.usecases.ports import Ports
from identity.usecases.ports.audit import AuditChain

_log = structlog.get_logger("identity.audit")

BATCH = 1000
_PRUNED_AT_ONCE = 50
"""Number of segments: at most 50,000 rows are deleted in one transaction."""


def extend(chain: AuditChain, keys: ChainKeys, now: datetime) -> Segment | None:
    """Chain a batch of new rows; return the new segment, or None if there are no new rows.

    Logs the new head: only an end that was recorded elsewhere shows that an audit log was truncated.
    """
    # Read before the rows, so that two concurrent relays conflict on the segment's number.
    newest = chain.newest()
    rows = chain.unchained(BATCH)
    if not rows:
        return None
    key = keys.newest_key
    place = newest.last if newest else 0
    head = previous = newest.head if newest else GENESIS
    chained = []
    for row in rows:
        place += 1
        head = row.mac_after(key, head, place)
        chained.append(replace(row, place=place, mac=head))
    segment = Segment(
        number=newest.number + 1 if newest else 1,
        first=place - len(rows) + 1,
        last=place,
        previous=previous,
        head=head,
        key=keys.newest,
        chained_at=now,
    ).with_mac(key)
    chain.append(segment, chained)
    _log.info("audit log sealed", segment=segment.number, rows=len(rows), last=segment.last, head=head)
    return segment


class NotAuthentic(Exception):  # noqa: N818 - named after the condition
    """A segment's hash is wrong, or its key is not configured. The segment is not deleted, because it is evidence."""

    def __init__(self, segment: int) -> None:
        super().__init__(f"segment {segment} of the audit log is not authentic, or its key is missing")


def prune(ports: Ports, chain: AuditChain, keys: ChainKeys, *, before: datetime) -> int:
    """Delete the rows of whole segments that were chained before `before`; return the number of deleted rows.

    Of these segments, the newest stays, without rows, as the start of the chain. Raises NotAuthentic before any segment
    of the same transaction is deleted.
    """
    dropped = 0
    while due := _due(chain.segments(after=0, limit=_PRUNED_AT_ONCE), before):
        for segment in due:
            key = keys.get(segment.key)
            if key is None or not segment.is_authentic(key):
                raise NotAuthentic(segment.number)
        rows, now = due[-1].last - due[0].first + 1, ports.clock.now()
        last = replace(due[-1], pruned_at=now, key=keys.newest).with_mac(keys.newest_key)
        chain.drop(last, Entry.of("audit.pruned", None, {"rows": rows}, caller=ports.caller(), at=now))
        dropped += rows
    return dropped


def _due(oldest: Sequence[Segment], before: datetime) -> list[Segment]:
    """Return the segments before the first that is not due. A later one may be due too, because clocks differ."""
    present = (segment for segment in oldest if segment.pruned_at is None)
    return list(takewhile(lambda segment: segment.chained_at < before, present))
