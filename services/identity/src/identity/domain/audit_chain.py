"""The chain over the audit log: each row's keyed hash covers the hash of the row before it (SEC-11).

Whoever changes, deletes, inserts or reorders chained rows without the key breaks the chain. Only an anchor, which
records the end of the chain elsewhere, shows that rows at the end were deleted. Rows are not protected until they are
chained.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

GENESIS = "0" * 64
"""The hash before the first row."""

_KEY_ID_CHARACTERS = 16


class ChainKeys:
    """The configured keys by id. `newest` is the id of `newest_key`, which extends the chain."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """`keys` must contain at least one key; the newest is the first."""
        self._by_id = {key_id_of(key): key for key in keys}
        self.newest, self.newest_key = key_id_of(keys[0]), keys[0]

    def get(self, key_id: str) -> bytes | None:
        return self._by_id.get(key_id)


def key_id_of(key: bytes) -> str:
    """Return the id by which a segment refers to its key. The id reveals nothing about the key."""
    return hmac.new(key, b"name", hashlib.sha256).hexdigest()[:_KEY_ID_CHARACTERS]


@dataclass(frozen=True, slots=True)
class ChainedRow:
    """A row of the log. `values` are its columns that the chain covers, besides `id` and `at`.

    `place` is the position in the chain, from 1. `place` and `mac` are None until the row is chained.
    """

    id: int
    at: datetime
    values: Mapping[str, Any]
    place: int | None = None
    mac: str | None = None

    def mac_after(self, key: bytes, previous: str, place: int) -> str:
        """Return the row's keyed hash at `place`; `previous` is the hash of the row before it."""
        return _mac(key, [previous, place, self.id, _timestamp(self.at), dict(self.values)])

    def is_authentic(self, key: bytes, previous: str, place: int) -> bool:
        return _equal(self.mac or "", self.mac_after(key, previous, place))


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Rows that were chained in one batch, at the places `first` to `last`.

    `previous` is the hash of the row before `first`, `head` that of the row at `last`. `mac` covers all other fields;
    `key` is the id of its key. Pruning keeps the newest pruned segment, because the chain continues from its head.
    """

    number: int
    first: int
    last: int
    previous: str
    head: str
    key: str
    chained_at: datetime
    pruned_at: datetime | None = None
    mac: str = ""

    def with_mac(self, key: bytes) -> "Segment":
        return replace(self, mac=self._own_mac(key))

    def is_authentic(self, key: bytes) -> bool:
        return _equal(self.mac, self._own_mac(key))

    def _own_mac(self, key: bytes) -> str:
        pruned = _timestamp(self.pruned_at) if self.pruned_at else None
        span = [self.number, self.first, self.last]
        return _mac(
            key, ["segment", *span, self.previous, self.head, self.key, _timestamp(self.chained_at), pruned]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A record of the chain's end, stored outside the chain: the last segment's number and head, and the row count.

    A chain that contains the anchor was not truncated before the anchor. `rows` includes pruned rows.
    """

    segment: int
    rows: int
    head: str

    @classmethod
    def of(cls, segment: Segment) -> "Anchor":
        return cls(segment=segment.number, rows=segment.last, head=segment.head)

    @classmethod
    def from_json(cls, text: str | bytes) -> "Anchor":
        """Parse the output of `to_json`. Raises ValueError."""
        match json.loads(text):
            case {"segment": int(segment), "rows": int(rows), "head": str(head)}:
                return cls(segment=segment, rows=rows, head=head)
            case _:
                raise ValueError("not an anchor")

    def to_json(self) -> str:
        return json.dumps({"segment": self.segment, "rows": self.rows, "head": self.head})


def _equal(stored: str, computed: str) -> bool:
    """Compare in constant time, as bytes, because a tampered value may contain non-ASCII characters."""
    return hmac.compare_digest(stored.encode("utf-8", "surrogatepass"), computed.encode())


def _mac(key: bytes, values: list[Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _timestamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
