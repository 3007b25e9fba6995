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


def is_common(password: str) -> bool:
    """Return whether a password is common, ignoring case and up to four digits or symbols at either or both ends."""
    return any(_is_listed(digest_of(spelling)) for spelling in _spellings(password.lower()))


def _is_listed(digest: bytes) -> bool:
    starts = range(0, len(load()), _DIGEST_BYTES)
    found = bisect_left(starts, digest, key=_digest_at)
    return found < len(starts) and _digest_at(starts[found]) == digest


def _digest_at(start: int) -> bytes:
    return load()[start : start + _DIGEST_BYTES]


def _spellings(password: str) -> Iterator[str]:
    yield password
    if found := _ENDS.match(password):
        yield found[1]
        yield password[: found.end(1)]
        yield password[found.start(1) :]


@functools.cache
def load() -> bytes:
    """Load the sorted digests (0.5 MB; a set would need ten times as much).

    Web processes call this before they fork, to share the memory.
    """
    return files("identity.domain").joinpath("wordlists/common_passwords.bin").read_bytes()


def digest_of(password: str) -> bytes:
    """Return a truncated SHA-256 digest. One in ten million other passwords has the digest of a common password."""
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]
