"""Does the audit log's chain hold? The first row that breaks it is told (SEC-11)."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from identity.domain.audit_chain import GENESIS, ChainedRow, SealKeys, Segment
from identity.usecases.audit.chaining import AuditChain

_READ_AT_ONCE = 2000
_LATEST = timedelta(minutes=10)
"""A row joins the chain within seconds. One this much older than what is before it comes of a clock that is wrong, or
of somebody who wrote it afterwards."""
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class ChainBroken(Exception):  # noqa: N818  # named for what it tells
    """Where the chain breaks first: a row's place in it, its id where there is such a row, and how."""

    place: int
    row: int | None
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedChain:
    """What holds: how many rows in how many segments, up to which head; and what waits to be sealed.

    `late` are the places of rows that tell of a time long before their neighbours': the chain holds, but look at them.
    """

    rows: int
    segments: int
    first: int
    last: int
    head: str
    unsealed: int
    late: tuple[int, ...]


def verify(
    chain: AuditChain,
    keys: SealKeys,
    *,
    head: str | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> VerifiedChain:
    """Follow the chain from its beginning, or from what was pruned, to its end; `seen` hears of rows followed.

    `head` is one that the sealer once logged: it must be in the chain, or the log was cut off. A log whose beginning is
    pruned meanwhile is followed anew. Raises Broken.
    """
    while True:
        oldest = _oldest(chain)
        try:
            return _verify(chain, keys, head, on_progress)
        except ChainBroken:
            if _oldest(chain) == oldest:
                raise


def _verify(
    chain: AuditChain, keys: SealKeys, head: str | None, seen: Callable[[int], None]
) -> VerifiedChain:
    walk, rows = ChainVerifier(keys, sought=head), _rows(chain)
    while True:
        for segment in _segments(chain, after=walk.number):
            walk.verify_segment(segment, rows)
            seen(segment.last - segment.first + 1)
        if (beyond := next(rows, None)) is None:
            break
        if not chain.segments(after=walk.number, limit=1):
            raise ChainBroken(beyond.place or 0, beyond.id, "it is in no segment")
        rows = itertools.chain([beyond], rows)  # the sealer went on meanwhile, and so do we
    if not walk.is_found:
        raise ChainBroken(
            walk.place, None, "the head that was logged is not in the chain: its end is missing"
        )
    return VerifiedChain(
        rows=walk.rows,
        segments=walk.segments,
        first=walk.place - walk.rows + 1,
        last=walk.place,
        head=walk.head,
        unsealed=chain.unsealed_count(),
        late=tuple(walk.late),
    )


class ChainVerifier:
    """How far the chain was followed, and whether it came by the head that was sought.

    Heads are not kept: a busy log has twenty thousand a day.
    """

    def __init__(self, keys: SealKeys, *, sought: str | None) -> None:
        self._keys = keys
        self._sought = sought
        self.is_found = sought is None
        self._key = b""
        self.number = 0
        self._newest = _LONG_AGO
        self.late: list[int] = []
        self.head, self.place = GENESIS, 0
        self.rows = self.segments = 0

    def verify_segment(self, segment: Segment, rows: Iterator[ChainedRow]) -> None:
        """Follow a segment from its first row to its last; of a pruned one there are none."""
        self._enter(segment)
        if segment.pruned_at is None:
            for place in range(segment.first, segment.last + 1):
                self._follow(place, next(rows, None))
            self._leave(segment)

    def _enter(self, segment: Segment) -> None:
        """Take up a segment where the one before ended."""
        begins = self.segments == 0 and segment.pruned_at is not None
        if begins:
            self.number, self.place = segment.number - 1, segment.first - 1
            self.head = segment.previous
        key = self._keys.get(segment.key)
        if segment.number != self.number + 1 or segment.first != self.place + 1:
            raise ChainBroken(self.place + 1, None, f"segment {self.number + 1} is missing")
        if key is None:
            raise ChainBroken(
                segment.first, None, f"segment {segment.number} was sealed by a key that is not given"
            )
        if (
            not segment.is_authentic(key)
            or segment.previous != self.head
            or (segment.pruned_at and not begins)
        ):
            raise ChainBroken(segment.first, None, f"the seal of segment {segment.number} does not hold")
        self._key, self.number = key, segment.number
        self.segments += 1
        if begins:
            self.head, self.place = segment.head, segment.last
            self._come_by(segment.head)

    def _follow(self, place: int, row: ChainedRow | None) -> None:
        """Go on to the row that must stand in this place."""
        if row is None or row.place != place:
            raise ChainBroken(place, row.id if row else None, "the row that was here is missing")
        if not row.is_authentic(self._key, self.head, place):
            raise ChainBroken(place, row.id, "it is not as it was sealed")
        if row.at < self._newest - _LATEST:
            self.late.append(place)
        self._newest = max(self._newest, row.at)
        self.head, self.place = str(row.mac), place
        self.rows += 1

    def _leave(self, segment: Segment) -> None:
        """End a segment."""
        if self.head != segment.head:
            raise ChainBroken(segment.last, None, f"segment {segment.number} does not end in its head")
        self._come_by(segment.head)

    def _come_by(self, head: str) -> None:
        self.is_found = self.is_found or head == self._sought


def _oldest(chain: AuditChain) -> Sequence[Segment]:
    return chain.segments(after=-1, limit=1)


def _segments(chain: AuditChain, *, after: int) -> Iterator[Segment]:
    while found := chain.segments(after=after, limit=_READ_AT_ONCE):
        yield from found
        after = found[-1].number


def _rows(chain: AuditChain) -> Iterator[ChainedRow]:
    after = None
    while found := chain.rows(after=after, limit=_READ_AT_ONCE):
        yield from found
        after = found[-1].place
