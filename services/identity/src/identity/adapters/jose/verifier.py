"""Verifies clients' signatures: the assertions with which they authenticate, and DPoP proofs."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from joserfc.jwk import RSAKey
from typing_extensions import override

from identity.adapters.jose.jwk import (
    Key,
    KeySetError,
    import_key,
    items_of,
    kid_of,
    public_members,
    thumbprint,
)
from identity.adapters.jose.jws_parser import BadTokenError, SignedToken, parse
from identity.domain.errors import BadClient, InvalidProof
from identity.domain.service_client import ClientError
from identity.usecases.ports.jose import CLIENT_ALGORITHMS, Claims, DpopProof, ProofVerifier

MAX_CLIENT_KEYS: Final = 10
_ASSERTION_TYPES = frozenset({"jwt", "client-authentication+jwt"})
_DPOP_TYPE = "dpop+jwt"


class JoseVerifier(ProofVerifier):
    """Verifies ES256 and PS256."""

    @override
    def claimed_client(self, token: str) -> str:
        try:
            name = parse(token, CLIENT_ALGORITHMS).unverified_claims().get("sub")
        except BadTokenError:
            return ""
        return name if isinstance(name, str) else ""

    @override
    def client_assertion(self, token: str, keys: Mapping[str, Any]) -> Claims:
        try:
            parsed = parse(token, CLIENT_ALGORITHMS)
            if str(parsed.header.get("typ", "jwt")).lower() not in _ASSERTION_TYPES:
                raise BadClient
            return _claims_by_any(parsed, keys)
        except (BadTokenError, KeySetError):
            raise BadClient from None

    @override
    def dpop(self, token: str) -> DpopProof:
        try:
            parsed = parse(token, CLIENT_ALGORITHMS)
            jwk = parsed.header.get("jwk")
            if parsed.header.get("typ") != _DPOP_TYPE or not isinstance(jwk, dict):
                raise InvalidProof
            key = import_key(jwk, private=False)
            return DpopProof(parsed.claims(key), thumbprint(key))
        except (BadTokenError, KeySetError):
            raise InvalidProof from None

    @override
    def client_keys(self, key_set: str) -> dict[str, Any]:
        try:
            return {"keys": [_normal_form(item) for item in _few(items_of(key_set))]}
        except KeySetError as error:
            raise ClientError(f"the key set {error}") from None


def _claims_by_any(token: SignedToken, keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims if one of the keys signed them. A `kid` in the header excludes keys with another `kid`."""
    for key in _candidates(token.header, keys):
        try:
            return token.claims(key)
        except BadTokenError:
            continue
    raise BadTokenError


def _candidates(header: Mapping[str, Any], keys: Mapping[str, Any]) -> Iterator[Key]:
    kty = "EC" if header["alg"] == "ES256" else "RSA"
    for item in keys["keys"]:
        if item["kty"] == kty and (item.get("kid") is None or header.get("kid") in {None, item["kid"]}):
            yield import_key(item, private=False)


def _few(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if len(items) > MAX_CLIENT_KEYS:
        raise KeySetError(f"must have {MAX_CLIENT_KEYS} keys or less")
    return items


def _normal_form(item: Mapping[str, Any]) -> dict[str, Any]:
    key = import_key(item, private=False)
    algorithm = "PS256" if isinstance(key, RSAKey) else "ES256"
    if item.get("alg", algorithm) != algorithm or item.get("use", "sig") != "sig":
        raise KeySetError(f"must have keys for signatures with {' or '.join(CLIENT_ALGORITHMS)}")
    kid = kid_of(item)
    return public_members(key) if kid is None else {**public_members(key), "kid": kid}
