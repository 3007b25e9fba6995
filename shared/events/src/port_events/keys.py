"""JWK sets of the sealed part: X25519 to seal and open, Ed25519 to sign and verify (RFC 8037).

Identity seals and signs with the first key of a set; the mailer opens and verifies with the key that the payload names.
To rotate a key, put the new key first, in the mailer's set before identity's.
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
    """A JWK set is invalid. The message never contains a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySets:
    """Two pairs of JWK sets as JSON; `repr` shows none of them.

    Identity seals with `seal_public` and signs with `sign_private`; the mailer opens with `seal_private` and verifies
    with `sign_public`.
    """

    seal_public: str
    seal_private: str
    sign_private: str
    sign_public: str

    def __repr__(self) -> str:
        return "KeySets(…)"


def new_key_sets() -> KeySets:
    """Generate one key pair of each curve; its `kid` is its thumbprint (RFC 7638)."""
    seal, sign = ({key.thumbprint(): key} for key in (_new_key(SEAL_CURVE), _new_key(SIGN_CURVE)))
    return KeySets(
        seal_public=_set_text(seal, private=False),
        seal_private=_set_text(seal, private=True),
        sign_private=_set_text(sign, private=True),
        sign_public=_set_text(sign, private=False),
    )


def read_keys(text: str, *, curve: str, private: bool) -> dict[str, OKPKey]:
    """Return the keys of a JWK set by `kid` (without one, by thumbprint), in order.

    Raises KeySetError, also for a private key in a public set: a process that only seals must not be able to open
    payloads (SEC-9).
    """
    found: dict[str, OKPKey] = {}
    for number, item in enumerate(_items(text), start=1):
        key = _key(item, number, curve)
        if private is not ("d" in item):
            raise KeySetError(f"key {number} must be {'private' if private else 'public'}")
        found[_kid(item, key)] = key
    return found


def key_set_errors(name: str, text: str, *, curve: str, private: bool = False) -> Iterator[str]:
    """Yield "NAME: reason" if the setting of that name is not a valid JWK set (OPS-5)."""
    try:
        read_keys(text, curve=curve, private=private)
    except KeySetError as error:
        yield f"{name}: {error}"


def key_ids(text: str, *, curve: str, private: bool) -> list[str]:
    """Return the `kid` of each key in order. Raises KeySetError."""
    return list(read_keys(text, curve=curve, private=private))


def with_new_key(private: str, *, curve: str) -> tuple[str, str]:
    """Return the private set with a new key first, and the public set of the same keys. Raises KeySetError."""
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
        # Without `use` and `alg`, so that only the curve decides the purpose of a key.
        key = OKPKey.import_key({name: item[name] for name in ("kty", "crv", "x", "d") if name in item})
        _ = key.raw_value  # decodes the key here, before threads share it
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
