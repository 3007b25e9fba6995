"""A faster RedisBroker for dramatiq: it enqueues and acknowledges in batches, and wakes the consumer of a message.

It uses the same keys as dramatiq's dispatch.lua. Each process has its own queue. The queue of a dead process is not
needed: the stream's pending list has the same entries, and another mailer's intake takes them over.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import dq_name
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import Retries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dramatiq import Message
    from dramatiq.broker import Consumer, MessageProxy

NAMESPACE: Final = "mailer:queue"
NO_MAINTENANCE: Final = 0  # maintenance requeues the messages of dead workers, but no queue is shared


class NotifyingRedisBroker(RedisBroker):
    def __init__(self, client: redis.Redis, *, name: str, prefetch: int) -> None:
        # Only Retries, which enqueues deferred messages again. AgeLimit would compete with the mail's own validity.
        # TimeLimit could interrupt between the mail server's reply and the ledger's record, and repeat a mail.
        super().__init__(  # type: ignore[no-untyped-call]  # dramatiq has no type here
            client=client,
            namespace=NAMESPACE,
            middleware=[Retries(retry_when=lambda _tries, _error: True)],
            maintenance_chance=NO_MAINTENANCE,
        )
        self.broker_id = name
        self._prefetch = prefetch
        self._consumers: dict[str, _NotifiedConsumer] = {}

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        # A large prefetch is safe, because InFlight limits the number of messages.
        consumer = _NotifiedConsumer(self, queue_name, max(prefetch, self._prefetch), timeout)
        self._consumers[queue_name] = consumer
        return consumer

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Enqueue one message, and wake its consumer. `delay` is in milliseconds."""
        queued = super().enqueue(message, delay=delay)
        self._notify(queued.queue_name)
        return queued

    def enqueue_all(self, messages: Iterable[Message[Any]]) -> None:
        """Enqueue messages, which must all be of one queue, in one round trip, and wake its consumer."""
        data = {(key := str(uuid4())): _with_key(message, key) for message in messages}
        if not data:
            return
        queue_name = next(iter(data.values())).queue_name
        name = f"{NAMESPACE}:{queue_name}"
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.hset(f"{name}.msgs", mapping={key: message.encode() for key, message in data.items()})
            pipeline.rpush(name, *data)
            pipeline.execute()
        self._notify(queue_name)

    def acknowledge(self, queue_name: str, keys: list[str]) -> None:
        """Delete processed messages; `keys` are their `redis_message_id`."""
        with self.client.pipeline(transaction=True) as pipeline:
            pipeline.srem(f"{NAMESPACE}:__acks__.{self.broker_id}.{queue_name}", *keys)
            pipeline.hdel(f"{NAMESPACE}:{queue_name}.msgs", *keys)
            pipeline.execute()

    def remove_queue(self, name: str) -> None:
        """Delete everything that dramatiq stores for the named process."""
        for queue_name in (name, dq_name(name)):
            key = f"{NAMESPACE}:{queue_name}"
            self.client.delete(key, f"{key}.msgs", f"{NAMESPACE}:__acks__.{name}.{queue_name}")
        self.client.zrem(f"{NAMESPACE}:__heartbeats__", name)

    def _notify(self, queue_name: str) -> None:
        if consumer := self._consumers.get(queue_name):
            consumer.notify()


class _NotifiedConsumer(RedisBroker(middleware=[]).consumer_class):  # type: ignore[misc]  # dramatiq does not export the class
    """Fetches as soon as it is notified, otherwise after the poll time; acknowledges in batches.

    `close` and `requeue` ignore Redis errors, because dramatiq's consumer thread survives only ConnectionClosed. The
    intake's sweep enqueues the entries of lost messages again.
    """

    def __init__(self, broker: NotifyingRedisBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)
        self._notified = threading.Event()
        self._done: list[str] = []

    def notify(self) -> None:
        self._notified.set()

    def ack(self, message: MessageProxy) -> None:
        # A lost acknowledgement is harmless: InFlight and the ledger know which entries are finished.
        self._done.append(message.options["redis_message_id"])
        self.queued_message_ids.discard(message.message_id)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        with suppress(redis.RedisError):
            super().requeue(messages)

    def close(self) -> None:
        with suppress(redis.RedisError):
            self._flush()

    def __next__(self) -> MessageProxy | None:
        if not self.message_cache:
            self._notified.clear()
            self._fetch()
        if self.message_cache:
            message: MessageProxy | None = super().__next__()
            return message
        self._notified.wait(self.timeout / 1000)
        return None

    def _fetch(self) -> None:
        try:
            self._flush()
            count = self.prefetch - self.outstanding_message_count
            if count > 0:
                self.message_cache = self.broker.do_fetch(self.queue_name, count)
        except redis.RedisError as error:
            raise ConnectionClosed(error) from None  # type: ignore[no-untyped-call]  # dramatiq has no type here

    def _flush(self) -> None:
        done, self._done = self._done, []
        if done:
            self.broker.acknowledge(self.queue_name, done)


def _with_key(message: Message[Any], key: str) -> Message[Any]:
    return message.copy(options={"redis_message_id": key})
