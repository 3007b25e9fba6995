"""The checkpoint in Redis: the position up to which the relays have published (EVT-2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import WatchError

from identity.usecases.ports.stream import Checkpoint, ConcurrentPublish


class RedisCheckpoint:
    """The checkpoints in Redis, one key for each database epoch. Raises redis.RedisError."""

    def __init__(self, client: Redis, stream: str) -> None:
        self._client, self._stream = client, stream

    def key(self, epoch: str) -> str:
        """Return a key of the form that the ACL of the relay's Redis user allows."""
        return f"{self._stream}:mark:{epoch}"

    @contextmanager
    def watching(self, expected: Checkpoint) -> Iterator[Pipeline]:
        """Watch the checkpoint. Commands that are queued after `multi()` run atomically when the block ends.

        Raises ConcurrentPublish if the checkpoint is not `expected`, or may have been written before the commands ran.
        """
        key = self.key(expected.epoch)
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.watch(key)  # type: ignore[no-untyped-call]  # redis-py lacks the type
                stored: Any = pipeline.get(key)  # runs immediately: commands queue only after MULTI
                # A missing checkpoint differs too, if one was expected: writing it again would hide the loss.
                if (None if stored is None else int(stored)) != expected.stored:
                    raise ConcurrentPublish
                yield pipeline
                pipeline.execute()
        except WatchError:  # also raised when the connection is lost after WATCH
            raise ConcurrentPublish from None

    def rewind(self, epoch: str, after: int) -> int | None:
        """Lower the checkpoint to `after` if it is higher. Return its previous value, or None if it is missing."""
        key = self.key(epoch)

        def lower(pipeline: Pipeline) -> int | None:
            stored: Any = pipeline.get(key)
            pipeline.multi()
            if stored is not None and int(stored) > after:
                pipeline.set(key, after)
            return None if stored is None else int(stored)

        return cast("int | None", self._client.transaction(lower, key, value_from_callable=True))  # type: ignore[arg-type]  # redis-py types the callable too narrowly
