"""Five lines to follow what happens to accounts and bindings (EVT-5).

    from port_events.consumer import Consumer

    for event in Consumer.from_url("redis://…", group="passes").stop_on_signals():
        if event.type == "tw.port.identity.binding.removed":
            forget(event.subject, event.data["link_account_id"])

An event is acknowledged when the loop comes back for the next one. After a crash it comes again, to this
process or to a peer of the group; what was acknowledged is remembered by event id, so that repeats are
dropped. `run(handler)` is the loop that also tries again where the handler fails, in order. What cannot be
read, or fails again and again, is set aside: `aside()`, `retry_aside()`. With a `feed` the consumer gets from
identity's database what the stream no longer has.

The Redis user needs the stream with xgroup, xreadgroup, xautoclaim, xclaim, xpending, xack, xinfo, xrange, the
keys `seen:GROUP:*` with exists, set, get, del, watch, xadd, xdel, xrange and those of the group, and everywhere
multi, exec, unwatch, time.
"""

from __future__ import annotations

import logging
import signal
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final, Self, TypedDict, Unpack

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from port_events.aside import Aside, Asides
from port_events.catching_up import CatchingUp
from port_events.deliveries import Delivery, FromAside, FromFeed, FromStream
from port_events.envelope import STREAM, Event, MalformedEvent, from_fields
from port_events.group import Group, member_name
from port_events.held import Held
from port_events.lease import Lease
from port_events.memory import DEDUPE_TTL_SECONDS, Memory, RedisMemory
from port_events.patience import Patience, Stopped
from port_events.progress import Progress
from port_events.standing import Lag, lag_of
from port_events.trying import TRIES, Trying

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from types import FrameType

    from port_events.feed import Feed
    from port_events.group import RawEntry

BLOCK_MS: Final = 5_000
BATCH: Final = 50
CLAIM_IDLE_MS: Final = 30_000
SHORTEST_LEASE_MS: Final = 15_000  # longer than the feed may take to answer

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
    tries: int
    memory: Memory | None
    feed: Feed | None


class Consumer:
    """Iterate over the events of a stream as a member of a group.

    `start` is where a new group begins: "0" with what the stream still holds (with a `feed`: with the first
    event there is), "$" with what comes. Entries that a peer has held longer than `claim_idle_ms` are taken
    over, so handling one event should take less than that. An entry that was begun `tries` times is set aside.
    A subject's events come in order to a group of one member with a fixed `name`: what it held when it was killed
    comes first when it starts again. `memory` is a RedisMemory unless given. `malformed`, `repeated` and
    `set_aside` count what was not handled,
    `missed` what neither stream nor feed had. One consumer belongs to one thread; `stop`, `lag`, `aside` and
    `retry_aside` may be called from others.
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
        tries: int = TRIES,
        memory: Memory | None = None,
        feed: Feed | None = None,
    ) -> None:
        name = name or member_name()
        self._client = client
        self._block_ms, self._batch, self._claim_idle_ms = block_ms, batch, claim_idle_ms
        self._start, self._tries = start, tries
        self._patience = Patience()
        self._group = Group(client, stream, group, name)
        self._held = Held(self._group, claim_idle_ms)
        self._asides = Asides(client, group, name)
        self._memory = memory or RedisMemory(client, group, dedupe_ttl_seconds)
        self._progress = Progress(
            client, self._group, self._memory, from_the_beginning=feed is not None and start == "0"
        )
        self._from_stream = FromStream(self._group, self._asides)
        self._from_aside = FromAside(self._asides)
        self._catching_up = CatchingUp(
            self._progress,
            Lease(client, f"seen:{group}:catching_up", name, max(claim_idle_ms, SHORTEST_LEASE_MS)),
            self._patience,
            feed,
            FromFeed(client, group, self._asides),
        )
        self._claim_at = 0.0
        self._has_resumed = False
        self._in_hand: Delivery | None = None
        self._refusal = ""
        self.malformed = 0
        self.repeated = 0
        self.set_aside = 0

    @classmethod
    def from_url(cls, url: str, *, group: str, **options: Unpack[Options]) -> Self:
        """Connect to `redis://`, `rediss://` or `unix://`; options are those of the class."""
        client = Redis.from_url(
            url,
            socket_timeout=BLOCK_MS / 1000 * 2,
            retry=Retry(NoBackoff(), 1),  # the consumer waits itself, so that it can be stopped meanwhile
        )
        return cls(client, group=group, **options)

    @property
    def missed(self) -> int:
        """How many events were trimmed from the stream unhandled, and could not be had from a feed."""
        return self._catching_up.missed

    def stop(self) -> None:
        """End the loop after the event in hand; safe in a signal handler and from another thread.

        A loop that is waiting for events ends after `block_ms` at the latest.
        """
        self._patience.stop()

    def stop_on_signals(self) -> Self:
        """Stop cleanly on SIGTERM and SIGINT. To be called in the main thread."""

        def stop(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return self

    def start_at(self, position: int) -> None:
        """Begin anew after a position, as after a snapshot; all members of the group are to be stopped before.

        What the group held is dropped: the snapshot has it.
        """
        self._group.begin_after(position)
        self._progress.reach(position)

    def lag(self) -> Lag:
        """Return how many events the group is behind, and for how long; cheap. Raises what redis raises."""
        return lag_of(self._client, self._group)

    def aside(self) -> list[Aside]:
        """Return what was set aside, the oldest thousand. Raises what redis raises."""
        return self._asides.all()

    def retry_aside(self, aside_id: str) -> bool:
        """Give one back to the group, which handles it within half of `claim_idle_ms`; False when it is not there.

        It is gone once it was handled, and stays where that fails again. Raises what redis raises.
        """
        return self._asides.give_back(aside_id)

    def run(self, handler: Callable[[Event], object]) -> None:
        """Handle each event until stopped. Where the handler raises, it is called again, with growing waits.

        Nothing else is handled meanwhile, so that events stay in order. After `tries` the entry is set aside.
        A handler that raises NotNow says that the fault is not the event's: it is called until it goes well.
        """
        trying = Trying(self._patience, self._tries, self._renew)
        with closing(self._run()) as events, suppress(Stopped):
            for event in events:
                if self._in_hand is not None:
                    self._refusal = trying.handle(handler, event, self._in_hand)

    def __iter__(self) -> Iterator[Event]:
        return self._run()

    def _run(self) -> Generator[Event]:
        try:
            with suppress(Stopped):
                self._patience.until(self._open)
                while not self._patience.ended:
                    with closing(self._deliveries()) as deliveries:
                        yield from self._events(deliveries)
        finally:
            self._leave()

    def _open(self) -> None:
        self._asides.open()
        if self._group.create(self._start) and self._start == "$":
            self._progress.begin_with_what_comes()

    def _events(self, deliveries: Iterator[Delivery]) -> Iterator[Event]:
        for delivery in deliveries:
            self._in_hand = delivery
            event = self._admitted(delivery)
            if self._patience.ended:
                return
            if event is not None:
                yield event
                self._settle(delivery, event)
            self._in_hand = None
            self._held.let_go(delivery.raw[0])
            if self._patience.ended:
                return

    def _deliveries(self) -> Generator[Delivery]:
        """Yield what is to be handled next; each has been, or was set aside, when the next is asked for."""
        if not self._has_resumed:
            yield from self._left_by_namesake()
            self._has_resumed = True
        if time.monotonic() >= self._claim_at:
            yield from self._left_behind()
            self._claim_at = time.monotonic() + self._claim_idle_ms / 2000
        self._held.take(self._patience.until(lambda: self._group.read(self._batch, self._block_ms)))
        yield from self._catching_up.deliveries(self._renew)
        for raw in self._held.each():
            yield Delivery(raw, self._from_stream)
            self._renew()

    def _left_by_namesake(self) -> Iterator[Delivery]:
        """Begin with what a killed process of our name had in hand: nothing of a subject overtakes it."""
        while taken := self._patience.until(self._group.left_by_namesake):
            yield from self._taken_over(*taken)

    def _left_behind(self) -> Iterator[Delivery]:
        """Take over what a dead peer left, and what was given back from aside."""
        while taken := self._patience.until(lambda: self._group.take_over(self._claim_idle_ms)):
            yield from self._taken_over(*taken)
        while given := self._patience.until(lambda: self._asides.take(self._claim_idle_ms)):
            yield Delivery(given[0], self._from_aside, given[1])

    def _taken_over(self, entry: RawEntry, times: int) -> Iterator[Delivery]:
        self._held.take([entry])
        yield from self._catching_up.deliveries(self._renew)
        for raw in self._held.each():
            yield Delivery(raw, self._from_stream, times)

    def _renew(self) -> None:
        self._patience.until(self._held.renew)
        self._patience.until(self._catching_up.renew)

    def _admitted(self, delivery: Delivery) -> Event | None:
        """Return the event of an entry, or None for what is not to be handled and was settled."""
        try:
            event = from_fields(*delivery.raw).event
        except MalformedEvent as error:
            self.malformed += 1
            self._refuse(delivery, str(error))
            return None
        if self._patience.until(lambda: self._memory.handled(event)):
            self.repeated += 1
            self._patience.until(delivery.handled)
            return None
        if delivery.times > self._tries:
            self._refuse(delivery, f"begun {self._tries} times and never finished")
            return None
        return event

    def _settle(self, delivery: Delivery, event: Event) -> None:
        """Remember, then acknowledge: what dies between the two is known when it comes again."""
        reason, self._refusal = self._refusal, ""
        if reason:
            self._refuse(delivery, reason)
            return
        self._patience.until(lambda: self._memory.remember(event))
        self._patience.until(delivery.handled)

    def _refuse(self, delivery: Delivery, reason: str) -> None:
        _log.warning("entry %s is set aside: %s", delivery.raw[0], reason)
        self._patience.until(lambda: delivery.refused(reason))
        self.set_aside += 1

    def _leave(self) -> None:
        unhandled = self._held.ids
        in_hand = self._in_hand
        given_back = [in_hand.raw[0]] if in_hand and in_hand.origin is self._from_aside else []
        try:
            self._group.leave(*unhandled)
            self._asides.leave(*given_back)
        except exceptions.RedisError as error:
            _log.warning("left without handing back %d entries: %s", len(unhandled), type(error).__name__)
