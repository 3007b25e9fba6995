"""Five lines to follow what happens to accounts and bindings (EVT-5).

    from port_events.consumer import Consumer

    for event in Consumer.from_url("redis://…", group="passes").stop_on_signals():
        if event.type == "tw.port.identity.binding.removed":
            forget(event.subject, event.data["link_account_id"])

An event is acknowledged when the loop comes back for the next one. After a crash it comes again, to this
process or to a peer of the group; what was acknowledged is remembered by event id, so that repeats are
dropped.

The Redis user needs the stream, the keys `seen:GROUP:*`, and the commands xgroup, xreadgroup, xautoclaim,
xclaim, xpending, xack, exists, set, multi, exec.
"""

from __future__ import annotations

import logging
import random
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final, Self, TypedDict, TypeVar, Unpack

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from port_events.envelope import STREAM, Event, MalformedEvent, from_fields
from port_events.group import Group, RawEntry, member_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

T = TypeVar("T")

BLOCK_MS: Final = 5_000
BATCH: Final = 50
CLAIM_IDLE_MS: Final = 30_000
# A day longer than the stream is kept, so that an entry published again meets its mark.
DEDUPE_TTL_SECONDS: Final = 8 * 86_400
SHORTEST_WAIT_SECONDS: Final = 0.05
LONGEST_WAIT_SECONDS: Final = 5.0

# What passes by itself: Redis restarts, is not reached, fails over, is full.
PASSING: Final = (
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.ClusterDownError,
    exceptions.OutOfMemoryError,
    exceptions.ExecAbortError,
)

_log = logging.getLogger(__name__)


class Options(TypedDict, total=False):
    """What may be set of a consumer; see the class."""

    stream: str
    name: str | None
    block_ms: int
    batch: int
    claim_idle_ms: int
    start: str
    dedupe_ttl_seconds: int


class Consumer:
    """Iterate over the events of a stream as a member of a group.

    `start` is where a new group begins: "0" with what the stream still holds, "$" with what comes. Entries
    that a peer has held longer than `claim_idle_ms` are taken over, so handling a batch should take less
    than that. `malformed` and `repeated` count what was set aside. One consumer belongs to one thread;
    only `stop` may be called from others.
    """

    def __init__(  # noqa: PLR0913 - its settings, each with a default that fits
        self,
        client: Redis,
        *,
        group: str,
        stream: str = STREAM,
        name: str | None = None,
        block_ms: int = BLOCK_MS,
        batch: int = BATCH,
        claim_idle_ms: int = CLAIM_IDLE_MS,
        start: str = "0",
        dedupe_ttl_seconds: int = DEDUPE_TTL_SECONDS,
    ) -> None:
        self._client = client
        self._group = Group(client, stream, group, name or member_name())
        self._block_ms, self._batch, self._claim_idle_ms = block_ms, batch, claim_idle_ms
        self._start, self._dedupe_ttl_seconds = start, dedupe_ttl_seconds
        self._stopped = threading.Event()
        self._held: list[RawEntry] = []
        self._claim_at = 0.0
        self.malformed = 0
        self.repeated = 0

    @classmethod
    def from_url(cls, url: str, *, group: str, **options: Unpack[Options]) -> Self:
        """Connect to `redis://`, `rediss://` or `unix://`; options are those of the class."""
        client = Redis.from_url(
            url,
            socket_timeout=BLOCK_MS / 1000 * 2,
            retry=Retry(NoBackoff(), 1),  # the consumer waits itself, so that it can be stopped meanwhile
        )
        return cls(client, group=group, **options)

    def stop(self) -> None:
        """End the loop after the event in hand; safe in a signal handler and from another thread.

        A loop that is waiting for events ends after `block_ms` at the latest.
        """
        self._stopped.set()

    def stop_on_signals(self) -> Self:
        """Stop cleanly on SIGTERM and SIGINT. To be called in the main thread."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return self

    def __iter__(self) -> Iterator[Event]:
        try:
            self._steadily(lambda: self._group.create(self._start))
            while not self._stopped.is_set():
                self._held = self._steadily(self._entries) or []
                yield from self._events()
        finally:
            self._leave()

    def _entries(self) -> list[RawEntry]:
        """Take over what a dead peer left, when it is time to look; else wait for what is new."""
        if time.monotonic() >= self._claim_at:
            if stale := self._group.claim_stale(self._claim_idle_ms, self._batch):
                return stale
            self._claim_at = time.monotonic() + self._claim_idle_ms / 2000
        return self._group.read(self._batch, self._block_ms)

    def _events(self) -> Iterator[Event]:
        while self._held and not self._stopped.is_set():
            entry_id, _ = self._held[0]
            event = self._admitted(self._held[0])
            if event is not None and self._stopped.is_set():
                return
            if event is not None:
                yield event
            if self._steadily(partial(self._settle, entry_id, event)):
                del self._held[0]

    def _admitted(self, raw: RawEntry) -> Event | None:
        """Return the event of an entry, or None for what is to be acknowledged without being handled."""
        try:
            event = from_fields(*raw).event
        except MalformedEvent as error:
            self.malformed += 1
            _log.warning("entry %s is set aside: %s", raw[0], error)
            return None
        if self._steadily(lambda: self._client.exists(self._mark(event))):
            self.repeated += 1
            return None
        return event

    def _settle(self, entry_id: str, event: Event | None) -> bool:
        """Mark the event as seen and acknowledge its entry, both or neither."""
        with self._client.pipeline(transaction=True) as both:
            if event is not None:
                both.set(self._mark(event), "1", nx=True, ex=self._dedupe_ttl_seconds)
            both.xack(self._group.stream, self._group.group, entry_id)
            both.execute()
        return True

    def _mark(self, event: Event) -> str:
        return f"seen:{self._group.group}:{event.id}"

    def _leave(self) -> None:
        unhandled, self._held = [entry_id for entry_id, _ in self._held], []
        try:
            self._group.leave(*unhandled)
        except exceptions.RedisError as error:
            _log.warning("left without handing back %d entries: %s", len(unhandled), type(error).__name__)

    def _steadily(self, call: Callable[[], T]) -> T | None:
        """Call until Redis answers, with growing waits; None when stopped meanwhile."""
        wait_seconds = SHORTEST_WAIT_SECONDS
        while True:
            try:
                return call()
            except PASSING as error:
                _log.warning("redis does not answer (%s), trying again", type(error).__name__)
            if self._stopped.wait(wait_seconds * random.uniform(0.5, 1)):  # noqa: S311 - spreads the peers
                return None
            wait_seconds = min(wait_seconds * 2, LONGEST_WAIT_SECONDS)
