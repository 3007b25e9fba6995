"""Writes the digests of common passwords: `python -m deploy.documents.common_passwords LIST…` (SEC-2).

Each LIST has a password on each line, the most common first. The digests in this repository were made from SecLists'
10-million-password-list-top-1000000.txt, which has 44,000 passwords that are long enough, and then rockyou.txt.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from identity.domain import common_passwords

COUNT: Final = 100_000
TARGET: Final = Path(common_passwords.__file__).with_name("wordlists") / "common_passwords.bin"


def encode(passwords: Iterable[str]) -> bytes:
    """Return the sorted digests of the first COUNT passwords that are long enough and differ in lower case."""
    chosen: set[bytes] = set()
    for password in passwords:
        if len(password) >= common_passwords.MIN_CHARACTERS:
            chosen.add(common_passwords.digest_of(password.lower()))
        if len(chosen) == COUNT:
            break
    return b"".join(sorted(chosen))


def _lines(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        with Path(path).open(encoding="utf-8", errors="ignore") as lines:
            yield from (line.rstrip("\n") for line in lines)


if __name__ == "__main__":
    TARGET.write_bytes(encode(_lines(sys.argv[1:])))
