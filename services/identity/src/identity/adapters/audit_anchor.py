"""The end of the audit log's chain, recorded in Redis (SEC-11)."""

from collections.abc import Callable
from typing import Any

from redis import Redis
from typing_extensions import override

from identity.domain.audit_chain import Anchor
from identity.usecases.ports.audit import AnchorStore


class RedisAnchor(AnchorStore):
    """The anchor of one database in Redis, under a key that only the role `relay` may write (SEC-10)."""

    def __init__(self, client: Redis, stream: str, epoch: Callable[[], str]) -> None:
        self._client, self._stream, self._epoch = client, stream, epoch

    @override
    def read(self) -> Anchor | None:
        stored: Any = self._client.get(self._key())
        return Anchor.from_json(stored) if stored is not None else None

    @override
    def write(self, anchor: Anchor) -> None:
        self._client.set(self._key(), anchor.to_json())

    def _key(self) -> str:
        return f"{self._stream}:mark:{self._epoch()}:audit"
