"""Verification of the audit log's chain, which reports the first break (SEC-11)."""

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from identity.domain.audit_chain import GENESIS, Anchor, ChainedRow, ChainKeys, Segment
from identity.usecases.ports.audit import AuditChain

_READ_AT_ONCE = 2000
_MAX_LATENESS = timedelta(minutes=10)
"""Rows are chained within seconds. A row this much older than one of the preceding rows has a wrong time or was
inserted later."""
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(eq=False)
class ChainBroken(Exception):  # noqa: N818  # named after the condition
    """The first break in the chain: its place, the row's id if there is a row, and the reason."""

    place: int
    row: int | None
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedChain:
    rows: int
    segments: int
    """The number of segments, including the pruned segment at which the chain starts."""
    first: int
    last: int
    head: str
    unsealed: int
    """The number of rows that are not chained yet."""
    late: tuple[int, ...]
    """The places of intact rows that are older than a preceding row by more than `_MAX_LATENESS`."""


def verify(
    chain: AuditChain,
    keys: ChainKeys,
    *,
    head: str | None = None,
    anchors: Collection[Anchor] = (),
    on_progress: Callable[[int], None] = lambda _: None,
) -> VerifiedChain:
    """Verify the chain from its start, or from the end of the pruned part. Raises ChainBroken.

    `head` was logged earlier, and `anchors` were recorded earlier. A chain that lacks one of them is broken, except for
    anchors in the pruned part. `on_progress` receives the length of each verified segment in rows. If the log is pruned
    meanwhile and the chain therefore seems broken, verification starts again.
    """
    while True:
        oldest = _oldest(chain)
        try:
            return _verify(chain, ChainVerifier(keys, expected_head=head, anchors=anchors), on_progress)
        except ChainBroken:
            if _oldest(chain) == oldest:
                raise


def _verify(
    chain: AuditChain, verifier: "ChainVerifier", on_progress: Callable[[int], None]
) -> VerifiedChain:
    rows = _rows(chain)
    while True:
        for segment in _segments(chain, after=verifier.number):
            verifier.verify_segment(segment, rows)
            on_progress(segment.last - segment.first + 1)
        if (extra := next(rows, None)) is None:
            break
        if not chain.segments(after=verifier.number, limit=1):
            raise ChainBroken(extra.place or 0, extra.id, "the row is in no segment")
        rows = itertools.chain([extra], rows)  # a relay has added a segment during verification
    verifier.verify_recorded()
    return VerifiedChain(
        rows=verifier.rows,
        segments=verifier.segments,
        first=verifier.place - verifier.rows + 1,
        last=verifier.place,
        head=verifier.head,
        unsealed=chain.unchained_count(),
        late=tuple(verifier.late),
    )


class ChainVerifier:
    """Verifies consecutive segments, and compares each head with the expected head and anchors.

    It does not collect the heads, because a busy log has twenty thousand a day.
    """

    def __init__(
        self, keys: ChainKeys, *, expected_head: str | None = None, anchors: Collection[Anchor] = ()
    ) -> None:
        self._keys = keys
        self._expected_head = expected_head
        self._anchors = set(anchors)
        self._found_head = expected_head is None
        self._pruned_up_to = 0
        self._key = b""
        self.number = 0
        self._newest = _LONG_AGO
        self.late: list[int] = []
        self.head, self.place = GENESIS, 0
        self.rows = self.segments = 0

    def verify_segment(self, segment: Segment, rows: Iterator[ChainedRow]) -> None:
        """Verify a segment and its rows; a pruned segment has none. Raises ChainBroken."""
        self._verify_mac(segment)
        if segment.pruned_at is None:
            for place in range(segment.first, segment.last + 1):
                self._verify_row(place, next(rows, None))
            self._verify_end(segment)

    def _verify_mac(self, segment: Segment) -> None:
        is_start = self.segments == 0 and segment.pruned_at is not None
        if is_start:
            self.number, self.place = segment.number - 1, segment.first - 1
            self.head = segment.previous
        key = self._keys.get(segment.key)
        if segment.number != self.number + 1 or segment.first != self.place + 1:
            raise ChainBroken(self.place + 1, None, f"segment {self.number + 1} is missing")
        if key is None:
            raise ChainBroken(
                segment.first, None, f"segment {segment.number} was chained with a key that is not configured"
            )
        is_authentic = segment.is_authentic(key) and segment.previous == self.head
        if not is_authentic or (segment.pruned_at and not is_start):
            raise ChainBroken(segment.first, None, f"the hash of segment {segment.number} is invalid")
        self._key, self.number = key, segment.number
        self.segments += 1
        if is_start:
            self._pruned_up_to = segment.last
            self.head, self.place = segment.head, segment.last
            self._compare_head(segment)
            # Older anchors cannot be compared; the pruned segment proves that the chain extended beyond them.
            self._anchors = {anchor for anchor in self._anchors if anchor.segment >= segment.number}

    def _verify_row(self, place: int, row: ChainedRow | None) -> None:
        if row is None or row.place != place:
            raise ChainBroken(place, row.id if row else None, "the row at this place is missing")
        if not row.is_authentic(self._key, self.head, place):
            raise ChainBroken(place, row.id, "the row was changed after it was chained")
        if row.at < self._newest - _MAX_LATENESS:
            self.late.append(place)
        self._newest = max(self._newest, row.at)
        self.head, self.place = str(row.mac), place
        self.rows += 1

    def _verify_end(self, segment: Segment) -> None:
        if self.head != segment.head:
            raise ChainBroken(segment.last, None, f"segment {segment.number} does not end with its head")
        self._compare_head(segment)

    def _compare_head(self, segment: Segment) -> None:
        self._found_head = self._found_head or segment.head == self._expected_head
        self._anchors.discard(Anchor.of(segment))

    def verify_recorded(self) -> None:
        """Raise ChainBroken if the expected head, or an anchor that is not in the pruned part, was not found."""
        if not self._found_head:
            how = "the logged head is not in the chain: rows at the end are missing"
            if self._pruned_up_to:
                how += f", or the head is older than row {self._pruned_up_to}, up to which the log was pruned"
            raise ChainBroken(self.place, None, how)
        if self._anchors:
            last = max(self._anchors, key=lambda anchor: anchor.segment)
            raise ChainBroken(
                self.place,
                None,
                f"the recorded end, segment {last.segment} at row {last.rows}, is not in the chain: rows are missing",
            )


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
