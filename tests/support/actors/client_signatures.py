"""Clients' keys, assertions and DPoP proofs."""

import functools
import json
from base64 import urlsafe_b64encode
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

Key = RSAKey | ECKey


@functools.cache
def ec_key(name: str = "") -> ECKey:
    """Return the ES256 key of this name, the same on each call."""
    return ECKey.generate_key("P-256", {"kid": name} if name else None)


@functools.cache
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048)


def key_set(*keys: Key) -> str:
    """Return the public JWK set of the keys."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]})


def signed(claims: Any, key: Key, **header: Any) -> str:
    """Return a signed token in compact form, with ES256 or PS256 unless the header names another algorithm."""
    whole = {"alg": "ES256" if isinstance(key, ECKey) else "PS256", **header}
    registry = _AnyHeader(algorithms=[whole["alg"]])
    return jws.serialize_compact(whole, json.dumps(claims), key, registry=registry)


def dpop(claims: Any, key: Key, **header: Any) -> str:
    """Return a DPoP proof, with its public key in the header."""
    return signed(claims, key, **{"typ": "dpop+jwt", "jwk": key.as_dict(private=False), **header})


def with_header(token: str, header: dict[str, Any]) -> str:
    """Return the token with another header under the original signature."""
    return ".".join([base64url(json.dumps(header).encode()), *token.split(".")[1:]])


def base64url(data: bytes) -> str:
    """Return base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


class _AnyHeader(jws.JWSRegistry):
    def check_header(self, header: dict[str, Any]) -> None:
        """Accept any header, because tests also send invalid ones."""
