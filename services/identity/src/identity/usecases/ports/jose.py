"""Signed tokens of OpenID Connect (JOSE), of the provider and of clients."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Algorithm = Literal["RS256", "ES256"]
TokenType = Literal["JWT", "at+jwt", "logout+jwt"]
"""The header `typ`: of ID tokens, of access tokens (RFC 9068), of logout tokens."""
CLIENT_ALGORITHMS = ("ES256", "PS256")
"""The algorithms that clients may use: those of the FAPI 2.0 security profile, section 5.4.1, without EdDSA."""
Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DpopProof:
    """The claims of a DPoP proof, and the thumbprint (`jkt`, RFC 7638) of the key that signed it."""

    claims: Claims
    thumbprint: str


class TokenSigner(Protocol):
    """The provider's keys, and signing with them (OIDC-26)."""

    def sign(self, claims: Claims, *, token_type: TokenType, algorithm: Algorithm) -> str:
        """Return the signed token. Times in the claims are whole seconds since 1970."""

    def read_id_token(self, token: str, *, issuer: str) -> Claims:
        """Return the claims of an ID token that this service signed, even if expired. Raises InvalidIdToken."""

    def public_keys(self) -> Mapping[str, Any]:
        """Return the public JWK set, including the keys that do not sign yet."""


class ProofVerifier(Protocol):
    """The verification of clients' signatures; `domain.dpop` and `domain.client_assertion` validate the claims."""

    def claimed_client(self, token: str) -> str:
        """Return the client that an assertion names, without verifying the signature; empty if it names none."""

    def client_assertion(self, token: str, keys: Mapping[str, Any]) -> Claims:
        """Return the claims of an assertion that a key of the client's JWK set signed (OIDC-18). Raises BadClient."""

    def dpop(self, token: str) -> DpopProof:
        """Return the claims of a DPoP proof and the key that it names itself (OIDC-17). Raises InvalidProof."""

    def client_keys(self, key_set: str) -> dict[str, Any]:
        """Return a client's public JWK set in normal form. Raises ClientError."""
