"""Consume the events of accounts and bindings (EVT-5).

    from port_events.consumer import Consumer

    for event in Consumer.from_url("redis://…", group="passes").stop_on_signals():
        if event.type == "tw.port.identity.binding.removed":
            forget(event.subject, event.data["link_account_id"])

An event is acknowledged when the loop requests the next event. After a crash it is delivered again, to another member
of the group or to the next process. The ids of handled events are stored, so that repeated events are dropped.
`run(handler)` retries a failing handler before it handles the next event. An entry that cannot be parsed, or whose last
attempt fails or crashes, becomes a dead letter: see `dead_letters()` and `retry_dead_letter()`. With a `feed`, the
consumer reads over HTTP the events that the stream no longer has.

The Redis user needs the commands xgroup, xreadgroup, xautoclaim, xclaim, xpending, xack, xinfo and xrange on the stream
and on `seen:GROUP:*`. It also needs exists, set, get, del, watch, xadd and xdel on `seen:GROUP:*`, and the commands
multi, exec, unwatch and time.
"""

from __future__ import annotations

import logging
import signal
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final, Self, Unpack

from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from port_events._consumer.catch_up_lease import Lease
from port_events._consumer.dead_letters import DeadLetter, DeadLetters
from port_events._consumer.dedupe import DEDUPE_TTL_SECONDS, DedupeStore, RedisDedupeStore
from port_events._consumer.deliveries import Delivery, FeedSource, StreamSource
from port_events._consumer.feed_catch_up import FeedCatchUp
from port_events._consumer.gap_detection import GroupPosition
from port_events._consumer.options import BATCH, BLOCK_MS, CLAIM_IDLE_MS, Options
from port_events._consumer.retry import MAX_TRIES, HandlerRetry, Retrier, RetryLater, Stopped
from port_events._consumer.unhandled_entries import UnhandledEntries
from port_events.consumer_group import Group, member_name
from port_events.envelope import STREAM, Event, MalformedEvent, from_fields
from port_events.lag import Lag, consumer_lag
from port_events.redis_client import connect, leads_to_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from redis import Redis

    from port_events.consumer_group import RawEntry
    from port_events.feed import Feed

__all__ = ["Consumer", "DeadLetter", "DedupeStore", "Lag", "Options", "RedisDedupeStore", "RetryLater"]

MIN_LEASE_MS: Final = 15_000  # longer than the feed's default time-out

_log = logging.getLogger(__name__)


class Consumer:
    """Iterates over the events of a stream as a member of a group.

    A new group begins at `start`: "0" is the stream's oldest entry (with a `feed`, the first event ever published), "$"
    means only new entries. A member takes over entries that were idle at another member for `claim_idle_ms`, so
    handling an event should take less time. After `tries` failed attempts, crashes included, an entry becomes a dead
    letter.

    If a group has one member with a fixed `name`, this member receives each subject's events in order: after a
    restart, it first handles the entries that were pending at the crash. `dedupe_store` is a RedisDedupeStore by
    default. `malformed`, `duplicates` and `dead_lettered` count entries; a malformed entry is also dead-lettered.

    A consumer belongs to one thread. Other threads may call `stop`, `lag`, `dead_letters` and `retry_dead_letter`.
    Iteration raises FeedRefused and CursorExpired of `port_events.feed`, and redis.RedisError if a retry does not help.
    """

    def __init__(  # noqa: PLR0913 - settings with defaults
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
        tries: int = MAX_TRIES,
        dedupe_store: DedupeStore | None = None,
        feed: Feed | None = None,
    ) -> None:
        self._keeps_name = name is not None
        name = name or member_name()
        self._client = client
        self._block_ms, self._batch, self._claim_idle_ms = block_ms, batch, claim_idle_ms
        self._start, self._tries = start, tries
        self._retrier = Retrier(lambda: client.connection_pool.disconnect(inuse_connections=False))
        self._group = Group(client, stream, group, name)
        self._unhandled = UnhandledEntries(self._group, claim_idle_ms)
        self._dead_letters = DeadLetters(client, group, name)
        self._dedupe_store = dedupe_store or RedisDedupeStore(client, group, dedupe_ttl_seconds)
        self._position = GroupPosition(
            client, self._group, self._dedupe_store, from_the_beginning=feed is not None and start == "0"
        )
        self._stream_source = StreamSource(self._group, self._dead_letters)
        self._catch_up = FeedCatchUp(
            self._position,
            Lease(client, f"seen:{group}:catching_up", name, max(claim_idle_ms, MIN_LEASE_MS)),
            self._retrier,
            feed,
            FeedSource(client, group, self._dead_letters),
        )
        self._claim_at = 0.0
        self._has_resumed = False
        self._current: Delivery | None = None
        self._failure = ""
        self.malformed = self.duplicates = self.dead_lettered = 0

    @classmethod
    def from_url(cls, url: str, *, group: str, **options: Unpack[Options]) -> Self:
        """Create a consumer for a URL of `redis_client.URL_SCHEMES`; the options are those of the class.

        Raises ValueError for an invalid URL or a Redis Cluster, and TypeError for an unknown option in the URL. If the
        server does not answer, the loop waits for it.
        """
        if leads_to_cluster(url):
            raise ValueError("Redis Cluster is not supported")
        client = connect(
            url,
            socket_timeout=BLOCK_MS / 1000 * 2,
            retry=Retry(NoBackoff(), 1),  # the consumer itself waits, so that `stop` can end the wait
        )
        return cls(client, group=group, **options)

    @property
    def lost(self) -> int:
        """The number of events that were trimmed from the stream before they were handled; 0 with a feed."""
        return self._catch_up.lost

    def stop(self) -> None:
        """End the loop after the current event. Signal handlers and other threads may call it.

        A loop that waits for new entries ends within `block_ms`.
        """
        self._retrier.stop()

    def stop_on_signals(self) -> Self:
        """Stop on SIGTERM and SIGINT. Call it in the main thread."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop())
        return self

    def start_at(self, position: int) -> None:
        """Continue after a position, usually that of a snapshot. Stop all members of the group first.

        Entries up to the position are skipped, even pending ones: the snapshot includes their effects. Raises
        redis.RedisError.
        """
        self._group.reset_to(position)
        self._position.advance(position)

    def lag(self) -> Lag:
        """Return the group's lag, at a cost that does not depend on the stream's length. Raises redis.RedisError."""
        return consumer_lag(self._client, self._group)

    def dead_letters(self) -> list[DeadLetter]:
        """Return the oldest thousand dead letters. Raises redis.RedisError."""
        return self._dead_letters.all()

    def retry_dead_letter(self, dead_letter_id: str) -> bool:
        """Let a member handle a dead letter again; return False if it does not exist. Raises redis.RedisError.

        Members look for such entries every `claim_idle_ms` / 2, between batches. The dead letter is deleted when it is
        handled, and kept if it fails again.
        """
        return self._dead_letters.requeue(dead_letter_id)

    def run(self, handler: Callable[[Event], object]) -> None:
        """Call the handler with each event until stopped; retry in order with exponential backoff.

        After `tries` failures the entry becomes a dead letter; an attempt that raises RetryLater does not count.
        """
        retry = HandlerRetry(self._retrier, self._tries, self._renew)
        with closing(self._run()) as events, suppress(Stopped):
            for event in events:
                if self._current is not None:
                    self._failure = retry.run(handler, event, self._current)

    def __iter__(self) -> Iterator[Event]:
        return self._run()

    def _run(self) -> Generator[Event]:
        try:
            with suppress(Stopped):
                self._retrier.call(self._open)
                while not self._retrier.is_stopped:
                    with closing(self._deliveries()) as deliveries:
                        yield from self._events(deliveries)
        finally:
            self._leave()

    def _open(self) -> None:
        self._dead_letters.open()
        if self._group.create(self._start) and self._start == "$":
            self._position.start_at_end()

    def _events(self, deliveries: Iterator[Delivery]) -> Iterator[Event]:
        for delivery in deliveries:
            self._current = delivery
            event = self._accept(delivery)
            if self._retrier.is_stopped:
                return
            if event is not None:
                yield event
                self._settle(delivery, event)
            self._current = None
            self._unhandled.discard(delivery.raw[0])
            if self._retrier.is_stopped:
                return

    def _deliveries(self) -> Generator[Delivery]:
        """Yield the next entries. Each is acknowledged or rejected before the next is requested."""
        if not self._has_resumed:
            yield from self._own_pending()
            self._has_resumed = True
        if time.monotonic() >= self._claim_at:
            yield from self._abandoned()
            self._claim_at = time.monotonic() + self._claim_idle_ms / 2000
        self._unhandled.replace(self._retrier.call(self._group.read, self._batch, self._block_ms))
        yield from self._catch_up.deliveries(self._renew)
        for raw in self._unhandled.drain():
            yield Delivery(raw, self._stream_source)
            self._renew()

    def _own_pending(self) -> Iterator[Delivery]:
        # Entries of a killed process of the same name come before new entries, to keep the order.
        while found := self._retrier.call(self._group.own_pending):
            yield from self._taken_over(*found)

    def _abandoned(self) -> Iterator[Delivery]:
        while found := self._retrier.call(self._group.take_over, self._claim_idle_ms):
            yield from self._taken_over(*found)
        while requeued := self._retrier.call(self._dead_letters.take, self._claim_idle_ms):
            yield Delivery(requeued[0], self._dead_letters, requeued[1])

    def _taken_over(self, entry: RawEntry, times: int) -> Iterator[Delivery]:
        self._unhandled.replace([entry])
        yield from self._catch_up.deliveries(self._renew)
        for raw in self._unhandled.drain():
            yield Delivery(raw, self._stream_source, times)

    def _renew(self) -> None:
        self._retrier.call(self._unhandled.renew)
        self._retrier.call(self._catch_up.renew)

    def _accept(self, delivery: Delivery) -> Event | None:
        """Return the event, or None if the entry was a repeat (now acknowledged) or was rejected."""
        try:
            event = from_fields(*delivery.raw).event
        except MalformedEvent as error:
            self.malformed += 1
            self._reject(delivery, str(error))
            return None
        if self._retrier.call(self._dedupe_store.is_handled, event):
            self.duplicates += 1
            self._retrier.call(delivery.ack)
            return None
        if delivery.times > self._tries:
            self._reject(delivery, f"begun {self._tries} times and never finished")
            return None
        return event

    def _settle(self, delivery: Delivery, event: Event) -> None:
        reason, self._failure = self._failure, ""
        if reason:
            self._reject(delivery, reason)
            return
        # In this order, so that a repeat is recognised after a crash between the two steps.
        self._retrier.call(self._dedupe_store.mark_handled, event)
        self._retrier.call(delivery.ack)

    def _reject(self, delivery: Delivery, reason: str) -> None:
        _log.warning("entry %s becomes a dead letter: %s", delivery.raw[0], reason)
        self._retrier.call(delivery.reject, reason)
        self.dead_lettered += 1

    def _leave(self) -> None:
        unhandled = self._unhandled.ids
        current = self._current
        requeued = [current.raw[0]] if current and current.source is self._dead_letters else []
        try:
            self._group.leave(*unhandled, keep_name=self._keeps_name)
            self._dead_letters.leave(*requeued, keep_name=self._keeps_name)
        except exceptions.RedisError as error:
            _log.warning("left without releasing %d entries: %s", len(unhandled), type(error).__name__)
