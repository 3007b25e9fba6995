"""Strict parsing of the parameters of authorization and logout requests, with limits on size and number (OIDC-3)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from identity.domain.authorization_error import UnprovenRequest

MAX_BYTES: Final = 8 * 1024
_MAX_PARAMETERS = 100
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_REPEATABLE = frozenset({"resource"})
"""Parameters that may be repeated (RFC 8707 section 2)."""
_STORED = frozenset({
    "response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
    "code_challenge_method", "prompt", "max_age", "claims", "acr_values", "login_hint", "id_token_hint", "resource",
    "dpop_jkt",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a request. A parameter without a value counts as absent (RFC 6749 section 3.1)."""

    pairs: tuple[tuple[str, str], ...]
    repeated: frozenset[str] = frozenset()

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> "Parameters":
        """Drop parameters without a value. `repeated` also counts these; it never contains `resource`."""
        sent = tuple(pairs)
        names = [name for name, _ in sent]
        twice = {name for name in names if names.count(name) > 1}
        return cls(tuple(pair for pair in sent if pair[1]), frozenset(twice - _REPEATABLE))

    def get(self, name: str) -> str | None:
        return next((value for each, value in self.pairs if each == name), None)

    def every(self, name: str) -> list[str]:
        return [value for each, value in self.pairs if each == name]

    @property
    def to_store(self) -> list[list[str]]:
        """The known parameters, as pairs of name and value. Credentials in a pushed request are not stored."""
        return [[name, value] for name, value in self.pairs if name in _STORED]


def parse_parameters(raw: bytes) -> Parameters:
    """Parse a query string or form body. Raises UnprovenRequest if it is malformed or too long."""
    if len(raw) > MAX_BYTES:
        raise UnprovenRequest("the request is longer than 8 KiB")
    try:
        return Parameters.of(parse_pairs(raw.decode("ascii"), max_pairs=_MAX_PARAMETERS))
    except ValueError:
        raise UnprovenRequest("the request is malformed") from None


def parse_pairs(text: str, *, max_pairs: int) -> list[tuple[str, str]]:
    """Parse pairs of name and value. Raises ValueError for bad escapes, control characters and too many pairs."""
    pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=max_pairs)
    if _BAD_ESCAPE.search(text) or any(_CONTROL.search(part) for pair in pairs for part in pair):
        raise ValueError("bad escape or control character")
    return pairs
