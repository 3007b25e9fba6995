"""The 100,000 most common passwords of 12 characters or more, stored as digests (SEC-2)."""

import functools
import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

MIN_CHARACTERS: Final = 12
"""The shortest password that any profile accepts."""
_DIGEST_BYTES = 5
_ENDS = re.compile(r"^[\W\d_]{0,4}(.*?)[\W\d_]{0,4}$", re.DOTALL)


class _Digests:
    """Sorted digests in one bytes object, which needs a tenth of the memory of a set."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data) // _DIGEST_BYTES

    def __getitem__(self, index: int) -> bytes:
        return self._data[index * _DIGEST_BYTES : (index + 1) * _DIGEST_BYTES]

    def __contains__(self, digest: bytes) -> bool:
        index = bisect_left(self, digest)
        return index < len(self) and self[index] == digest


def is_common(password: str) -> bool:
    """Return whether a password is common, ignoring case and up to four digits or symbols at either or both ends."""
    return any(digest_of(spelling) in load() for spelling in _spellings(password.lower()))


def _spellings(password: str) -> Iterator[str]:
    yield password
    if found := _ENDS.match(password):
        yield found[1]
        yield password[: found.end(1)]
        yield password[found.start(1) :]


@functools.cache
def load() -> _Digests:
    """Load the list (0.5 MB). Web processes call this before they fork, to share the memory."""
    return _Digests(files("identity.domain").joinpath("wordlists/common_passwords.bin").read_bytes())


def digest_of(password: str) -> bytes:
    """Return a truncated SHA-256 digest. One in ten million other passwords has the digest of a common password."""
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]
