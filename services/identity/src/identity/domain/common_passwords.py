"""The 100,000 most common passwords of 12 characters or more, by their digests (SEC-2)."""

import functools
import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator
from importlib.resources import files
from typing import Final

MIN_CHARACTERS: Final = 12
"""No profile takes shorter passwords."""
_DIGEST_BYTES = 5
_ENDS = re.compile(r"^[\W\d_]{0,4}(.*?)[\W\d_]{0,4}$", re.DOTALL)


class _Digests:
    """Digests in order, in one string of bytes: a tenth of the memory of a set."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def __len__(self) -> int:
        return len(self._octets) // _DIGEST_BYTES

    def __getitem__(self, index: int) -> bytes:
        return self._octets[index * _DIGEST_BYTES : (index + 1) * _DIGEST_BYTES]

    def __contains__(self, digest: bytes) -> bool:
        index = bisect_left(self, digest)
        return index < len(self) and self[index] == digest


def is_common(password: str) -> bool:
    """Return whether a password is common, in any case and with up to four digits or signs at each end."""
    return any(digest_of(spelling) in load() for spelling in _spellings(password.lower()))


def _spellings(password: str) -> Iterator[str]:
    yield password
    if found := _ENDS.match(password):
        yield found[1]
        yield password[: found.end(1)]
        yield password[found.start(1) :]


@functools.cache
def load() -> _Digests:
    """Read the list, 0.5 MB; web processes call this before they fork."""
    return _Digests(files("identity.domain").joinpath("wordlists/common_passwords.bin").read_bytes())


def digest_of(password: str) -> bytes:
    """Return the start of the SHA-256: one in ten million other passwords has that of a common one."""
    return hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()[:_DIGEST_BYTES]
