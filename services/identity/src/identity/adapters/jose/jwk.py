"""JSON Web Keys (RFC 7517). RSA keys of 2048 to 4096 bits and EC keys on curve P-256 are supported."""

import json
from collections.abc import Mapping
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

Key = RSAKey | ECKey

CURVE: Final = "P-256"
UNREADABLE: Final = (JoseError, ValueError, TypeError, KeyError, OverflowError, RecursionError)
"""The exceptions that joserfc and json raise for malformed input."""

_MIN_BITS = 2048
_MAX_BITS = 4096  # the time to verify grows with the square of the length
_MIN_MODULUS, _MAX_MODULUS = 342, 683  # lengths in base64url characters
_MAX_EXPONENT_BITS = 32
_MAX_KID_CHARACTERS = 128
_PUBLIC = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")
_SECRET = frozenset({*_PRIVATE, "oth", "k"})


class KeySetError(ValueError):
    """A key or a set of keys is not usable. The message never contains a key."""


def items_of(text: str) -> list[dict[str, Any]]:
    """Return the keys of a JWK set as dictionaries, at least one. Raises KeySetError."""
    try:
        items = json.loads(text)["keys"]
    except UNREADABLE:
        raise KeySetError("must be a JWK set") from None
    if not isinstance(items, list) or not items or not all(isinstance(each, dict) for each in items):
        raise KeySetError("must be a JWK set with at least one key")
    return items


def import_key(item: Mapping[str, Any], *, private: bool) -> Key:
    """Import a key; its `use`, `alg`, `kid` and certificates are ignored. Raises KeySetError."""
    kty = item.get("kty")
    if not isinstance(kty, str) or kty not in _PUBLIC or (kty == "EC" and item.get("crv") != CURVE):
        raise KeySetError(f"must be of type RSA, or of type EC with curve {CURVE}")
    if private is not any(name in item for name in _SECRET):
        raise KeySetError(f"must be {'private' if private else 'public'}")
    names = (*_PUBLIC[kty], *_PRIVATE) if private else _PUBLIC[kty]
    members = {name: item[name] for name in names if name in item}
    if not all(isinstance(value, str) for value in members.values()):
        raise KeySetError("cannot be read")
    if kty == "RSA" and not _MIN_MODULUS <= len(members.get("n", "")) <= _MAX_MODULUS:
        raise _wrong_length()  # before joserfc warns about a short key or computes with a long key
    try:
        key = RSAKey.import_key(members) if kty == "RSA" else ECKey.import_key(members)
        _ = key.dict_value, key.public_key  # joserfc computes both once; do it before threads share the key
    except UNREADABLE:
        raise KeySetError("cannot be read") from None
    _check_numbers(key)
    return key


def kid_of(item: Mapping[str, Any]) -> str | None:
    """Return the `kid` of a key, or None if it has none. Raises KeySetError."""
    kid = item.get("kid")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= _MAX_KID_CHARACTERS):
        raise KeySetError(f"must have a kid of 1 to {_MAX_KID_CHARACTERS} characters, or none")
    return kid


def thumbprint(key: Key) -> str:
    """Return the thumbprint of the key (RFC 7638), computed from its numbers and not from their original encoding."""
    # joserfc returns the members as they were imported, for example with leading zeros.
    bare = RSAKey.import_key(key.public_key) if isinstance(key, RSAKey) else ECKey.import_key(key.public_key)
    return bare.thumbprint()


def public_members(key: Key) -> dict[str, Any]:
    members = key.as_dict()
    return {name: members[name] for name in _PUBLIC[key.key_type]}


def _check_numbers(key: Key) -> None:
    if not isinstance(key, RSAKey):
        return
    if not _MIN_BITS <= key.public_key.key_size <= _MAX_BITS:
        raise _wrong_length()
    if key.public_key.public_numbers().e.bit_length() > _MAX_EXPONENT_BITS:
        raise KeySetError(f"must have a public exponent of {_MAX_EXPONENT_BITS} bits or less")


def _wrong_length() -> KeySetError:
    return KeySetError(f"must have {_MIN_BITS} to {_MAX_BITS} bits")
