"""Sealing the audit log: new rows join the chain in segments; old segments are dropped whole (SEC-11)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import takewhile
from typing import Protocol

import structlog

from identity.domain.audit import Entry
from identity.domain.audit_chain import GENESIS, ChainedRow, SealKeys, Segment
from identity.usecases.audit import recording
from identity.usecases.ports import Ports

_log = structlog.get_logger("identity.audit")

BATCH = 1000
_PRUNED_AT_ONCE = 50
"""Segments: a transaction that drops up to 50,000 rows."""


class AuditChain(Protocol):
    """The log's table and its segments; each call is a transaction of its own."""

    def newest(self) -> Segment | None:
        """Return the newest segment."""

    def unsealed(self, limit: int) -> Sequence[ChainedRow]:
        """Return rows that are in no segment yet, in the order they were written."""

    def append(self, segment: Segment, rows: Sequence[ChainedRow]) -> None:
        """Keep a segment with the place and the hash of its rows. Raises where another sealer was quicker."""

    def segments(self, *, after: int, limit: int) -> Sequence[Segment]:
        """Return segments with higher numbers, in order."""

    def rows(self, *, after: int | None, limit: int) -> Sequence[ChainedRow]:
        """Return rows that have a place, the lowest first, or those above a place."""

    def unsealed_count(self) -> int:
        """Return how many rows wait to be sealed."""

    def drop(self, upto: Segment, entry: Entry) -> None:
        """Drop the rows up to this segment's last and the segments before it, keep it, and write down that."""


def seal(chain: AuditChain, keys: SealKeys, now: datetime) -> Segment | None:
    """Chain what was written since the last time, at most a batch; return the new segment, None where nothing was.

    The new head is logged: a log that was cut off at its end shows it no more.
    """
    newest = chain.newest()  # before the rows: who is overtaken after it finds its own number taken
    rows = chain.unsealed(BATCH)
    if not rows:
        return None
    key = _newest_key(keys)
    place = newest.last if newest else 0
    head = previous = newest.head if newest else GENESIS
    placed = []
    for row in rows:
        place += 1
        head = row.mac_after(key, head, place)
        placed.append(replace(row, place=place, mac=head))
    segment = Segment(
        number=newest.number + 1 if newest else 1,
        first=place - len(rows) + 1,
        last=place,
        previous=previous,
        head=head,
        key=keys.newest,
        sealed_at=now,
    ).sealed(key)
    chain.append(segment, placed)
    _log.info("audit log sealed", segment=segment.number, rows=len(rows), last=segment.last, head=head)
    return segment


def _newest_key(keys: SealKeys) -> bytes:
    key = keys.get(keys.newest)
    if key is None:
        raise LookupError(keys.newest)
    return key


def prune(ports: Ports, chain: AuditChain, keys: SealKeys, *, before: datetime) -> int:
    """Drop whole segments sealed before a moment, a few at a time; return how many rows.

    A segment whose seal does not hold is let be, with all after it: it is evidence.
    """
    dropped = 0
    while run := _due(chain.segments(after=0, limit=_PRUNED_AT_ONCE), before):
        for segment in run:
            key = keys.get(segment.key)
            if key is None or not segment.is_authentic(key):
                _log.error("audit log not pruned: a seal does not hold", segment=segment.number)
                return dropped
        rows = run[-1].last - run[0].first + 1
        marked = replace(run[-1], pruned_at=ports.clock.now(), key=keys.newest)
        chain.drop(marked.sealed(_newest_key(keys)), recording.pruning_entry(ports, rows=rows))
        dropped += rows
    return dropped


def _due(oldest: Sequence[Segment], before: datetime) -> list[Segment]:
    """Return the segments to drop: from the oldest up to the first that is not past its time, by whatever clock."""
    whole = (segment for segment in oldest if segment.pruned_at is None)
    return list(takewhile(lambda segment: segment.sealed_at < before, whole))
