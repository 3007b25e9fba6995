"""The chain over the audit log: each row's keyed hash covers the one before it, segment after segment (SEC-11).

Whoever changes, drops, inserts or reorders rows without the key breaks it at that row. Of rows not yet sealed, and of
a log cut off at its end, only what was written elsewhere tells: the sealer logs each new head.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
"""What the first row is chained to."""

_KEY_ID_CHARACTERS = 16


class SealKeys:
    """The keys in use, newest first: the newest seals, each is known by a name that tells nothing of it."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._by_id = {key_id_of(key): key for key in keys}
        self.newest, self.newest_key = key_id_of(keys[0]), keys[0]

    def get(self, key_id: str) -> bytes | None:
        """Return the key of that name, or None where it is no longer given."""
        return self._by_id.get(key_id)


def key_id_of(key: bytes) -> str:
    """Return the name by which a segment tells its key."""
    return hmac.new(key, b"name", hashlib.sha256).hexdigest()[:_KEY_ID_CHARACTERS]


@dataclass(frozen=True, slots=True)
class ChainedRow:
    """A row as it stands in the table: `values` by column but for its place and its hash, which it has once sealed."""

    id: int
    at: datetime
    values: Mapping[str, Any]
    place: int | None = None
    mac: str | None = None

    def mac_after(self, key: bytes, previous: str, place: int) -> str:
        """Return the row's hash, in its place after the hash before it."""
        told = [previous, place, self.id, _timestamp(self.at), dict(self.values)]
        return _mac(key, told)

    def is_authentic(self, key: bytes, previous: str, place: int) -> bool:
        """Tell whether the row is as it was sealed, in this place after this hash."""
        return _equal(self.mac or "", self.mac_after(key, previous, place))


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What was sealed at once: rows from `first` to `last`, from the hash `previous` to the hash `head`.

    Of what was pruned the newest segment stays, marked as such under its seal: the chain goes on from its head.
    """

    number: int
    first: int
    last: int
    previous: str
    head: str
    key: str
    sealed_at: datetime
    pruned_at: datetime | None = None
    seal: str = ""

    def sealed(self, key: bytes) -> "Segment":
        """Return the segment with its seal."""
        return replace(self, seal=self._seal(key))

    def is_authentic(self, key: bytes) -> bool:
        """Tell whether the seal is this key's, over exactly this."""
        return _equal(self.seal, self._seal(key))

    def _seal(self, key: bytes) -> str:
        pruned = _timestamp(self.pruned_at) if self.pruned_at else None
        span = [self.number, self.first, self.last]
        return _mac(
            key, ["segment", *span, self.previous, self.head, self.key, _timestamp(self.sealed_at), pruned]
        )


def _equal(kept: str, computed: str) -> bool:
    """Compare in constant time; as bytes, since what was tampered with may be any text."""
    return hmac.compare_digest(kept.encode("utf-8", "surrogatepass"), computed.encode())


def _mac(key: bytes, told: list[Any]) -> str:
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _timestamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
