"""The JWK sets of the sealed part: X25519 to seal and open, Ed25519 to sign and check (RFC 8037).

The first key of a set is the one in use for new letters; the others still open and check what is on its
way, so a key is changed by putting the new one first (on the reading side before the writing side).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

if TYPE_CHECKING:
    from collections.abc import Iterator

SEAL_CURVE: Final = "X25519"
SIGN_CURVE: Final = "Ed25519"


class KeySetError(ValueError):
    """A JWK set cannot be used; the message never holds a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySets:
    """The four JWK sets as JSON texts. Only `seal_private` opens and only `sign_private` signs."""

    seal_public: str
    seal_private: str
    sign_private: str
    sign_public: str

    def __repr__(self) -> str:
        return "KeySets(…)"


def new_key_sets() -> KeySets:
    """Make a pair of each kind; the `kid` is the key's thumbprint (RFC 7638)."""
    seal, sign = ({key.thumbprint(): key} for key in (_new_key(SEAL_CURVE), _new_key(SIGN_CURVE)))
    return KeySets(
        seal_public=_set_text(seal, private=False),
        seal_private=_set_text(seal, private=True),
        sign_private=_set_text(sign, private=True),
        sign_public=_set_text(sign, private=False),
    )


def read_keys(text: str, *, curve: str, private: bool) -> dict[str, OKPKey]:
    """Return the keys of a JWK set by `kid`, in its order.

    Raises KeySetError: for what is no such set, and for a private key where a public one belongs, because a
    side that only seals must not be able to open (SEC-9).
    """
    found: dict[str, OKPKey] = {}
    for number, item in enumerate(_items(text), start=1):
        key = _key(item, number, curve)
        if private is not ("d" in item):
            raise KeySetError(f"key {number} must be {'private' if private else 'public'}")
        found[_kid(item, key)] = key
    return found


def key_set_errors(name: str, text: str, *, curve: str, private: bool = False) -> Iterator[str]:
    """Yield "NAME: reason" where the text of the setting of that name is no such set (OPS-5)."""
    try:
        read_keys(text, curve=curve, private=private)
    except KeySetError as error:
        yield f"{name}: {error}"


def key_ids(text: str, *, curve: str, private: bool) -> list[str]:
    """Return the ids of a set's keys, the one in use first. Raises KeySetError."""
    return list(read_keys(text, curve=curve, private=private))


def with_new_key(private: str, *, curve: str) -> tuple[str, str]:
    """Return a private set with a new key in front, and the public set that goes with it. Raises KeySetError."""
    new = _new_key(curve)
    keys = {new.thumbprint(): new, **read_keys(private, curve=curve, private=True)}
    return _set_text(keys, private=True), _set_text(keys, private=False)


def _items(text: str) -> list[Any]:
    try:
        items = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeySetError("must be a JWK set") from None
    if not isinstance(items, list) or not items:
        raise KeySetError("must be a JWK set with at least one key")
    return items


def _key(item: Any, number: int, curve: str) -> OKPKey:
    if not isinstance(item, dict) or item.get("kty") != "OKP" or item.get("crv") != curve:
        raise KeySetError(f"key {number} must be an OKP key of {curve}")
    try:
        # `use` and `alg` are left out, so that nothing but the curve decides what a key is good for.
        key = OKPKey.import_key({name: item[name] for name in ("kty", "crv", "x", "d") if name in item})
        _ = key.raw_value  # reads the numbers now, not at the first letter, and before threads share it
    except (JoseError, ValueError, TypeError, KeyError):
        raise KeySetError(f"key {number} cannot be read") from None
    return key


def _kid(item: dict[str, Any], key: OKPKey) -> str:
    kid = item.get("kid")
    return kid if isinstance(kid, str) and kid else key.thumbprint()


def _new_key(curve: str) -> OKPKey:
    return OKPKey.generate_key(curve)  # type: ignore[arg-type]  # the stub asks for a Literal


def _set_text(keys: dict[str, OKPKey], *, private: bool) -> str:
    members = [{**key.as_dict(private=private), "kid": kid} for kid, key in keys.items()]
    return json.dumps({"keys": members}, separators=(",", ":"))
