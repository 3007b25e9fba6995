"""Signing and verification of the provider's JWTs and the clients' JWTs (JOSE)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Algorithm = Literal["RS256", "ES256"]
TokenType = Literal["JWT", "at+jwt", "logout+jwt"]
"""The header `typ` of ID tokens, access tokens (RFC 9068) and logout tokens, in this order."""
CLIENT_ALGORITHMS = ("ES256", "PS256")
"""The algorithms that clients may use: those of the FAPI 2.0 security profile, section 5.4.1, without EdDSA."""
Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DpopProof:
    """The claims of a DPoP proof, and the thumbprint (`jkt`, RFC 7638) of the key that signed it."""

    claims: Claims
    thumbprint: str


class TokenSigner(Protocol):
    def sign(self, claims: Claims, *, token_type: TokenType, algorithm: Algorithm) -> str:
        """Return the claims as a signed JWT; times in them are whole seconds since 1970."""

    def read_id_token(self, token: str, *, issuer: str) -> Claims:
        """Return the claims of an ID token that this provider issued, even if it has expired. Raises InvalidIdToken."""

    def public_keys(self) -> Mapping[str, Any]:
        """Return the public parts of all configured keys as a JWK set, even of keys that do not sign (OIDC-26)."""


class ProofVerifier(Protocol):
    """The verification of clients' signatures; `domain.dpop` and `domain.client_assertion` validate the claims."""

    def claimed_client(self, token: str) -> str:
        """Return the claim `sub` of an unverified assertion, or '' if it cannot be read."""

    def client_assertion(self, token: str, keys: Mapping[str, Any]) -> Claims:
        """Return the claims of an assertion that a key of the client's JWK set signed (OIDC-18). Raises BadClient."""

    def dpop(self, token: str) -> DpopProof:
        """Verify a proof with the key in its header (OIDC-17). Raises InvalidProof."""

    def client_keys(self, key_set: str) -> dict[str, Any]:
        """Return a client's JWK set, reduced to public members and `kid`. Raises ClientError."""
