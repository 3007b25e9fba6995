"""The optional arguments of Consumer, and some of their defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypedDict

if TYPE_CHECKING:
    from port_events._consumer.dedupe import DedupeStore
    from port_events.feed import Feed

BLOCK_MS: Final = 5_000
BATCH: Final = 50
CLAIM_IDLE_MS: Final = 30_000


class Options(TypedDict, total=False):
    stream: str
    name: str | None
    block_ms: int
    batch: int
    claim_idle_ms: int
    start: str
    dedupe_ttl_seconds: int
    tries: int
    dedupe_store: DedupeStore | None
    feed: Feed | None
