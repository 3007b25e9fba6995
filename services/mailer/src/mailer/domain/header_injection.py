"""Rejects values that could inject or break mail headers (SEC-13)."""

from __future__ import annotations

import re
from typing import Final

from mailer.domain.errors import UnsafeMailError

# Control characters, line and paragraph separators, characters that change the text direction, and surrogates.
_UNSAFE: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
MAX_HEADER: Final = 998


def reject_header_injection(header: str, value: str) -> None:
    """Raise UnsafeMailError if the value is too long or contains an unsafe character."""
    if len(value) > MAX_HEADER or _UNSAFE.search(value):
        raise UnsafeMailError(header)
