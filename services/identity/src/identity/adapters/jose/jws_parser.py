"""Parses JWTs in the JWS compact serialization (RFC 7515), up to a maximum length; refuses `crit` and `b64`."""

import json
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from joserfc import jws
from joserfc.jws import CompactSignature, JWSRegistry

from identity.adapters.jose.jwk import UNREADABLE, Key

MAX_PAYLOAD_CHARACTERS: Final = 8192
"""The longest token is an ID token hint, which is part of a request of at most 8 KiB."""
_UNSUPPORTED = frozenset({"crit", "b64"})


class BadTokenError(Exception):
    """The token is too long or malformed, has an unsupported algorithm or header, or an invalid signature."""


class _Registry(JWSRegistry):
    max_header_length = 4096  # the header of a proof contains its key
    max_payload_length = MAX_PAYLOAD_CHARACTERS


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A token whose signature is not verified yet."""

    header: dict[str, Any]
    _parsed: CompactSignature = field(repr=False)
    _registry: JWSRegistry = field(repr=False)

    def claims(self, key: Key) -> dict[str, Any]:
        """Return the claims if this key signed them. Raises BadTokenError."""
        try:
            verified = jws.validate_compact(self._parsed, key, registry=self._registry)
        except UNREADABLE:
            raise BadTokenError from None
        if not verified:
            raise BadTokenError
        return self.unverified_claims()

    def unverified_claims(self) -> dict[str, Any]:
        """Return the payload without verifying the signature. Raises BadTokenError if it is no JSON object."""
        try:
            claims = json.loads(self._parsed.payload)
        except UNREADABLE:
            raise BadTokenError from None
        return claims if isinstance(claims, dict) else _refuse()


def _refuse() -> NoReturn:
    raise BadTokenError


def parse(token: str, algorithms: tuple[str, ...]) -> SignedToken:
    """Parse a token without verifying its signature. Raises BadTokenError."""
    registry = _Registry(algorithms=algorithms, strict_check_header=False)
    try:
        parsed = jws.extract_compact(token.encode("ascii"), registry=registry)
        header = parsed.headers()
        registry.check_header(header)
        registry.get_alg(header["alg"])
    except UNREADABLE:
        raise BadTokenError from None
    if _UNSUPPORTED & header.keys():
        raise BadTokenError
    return SignedToken(header, parsed, registry)
