"""Verification of DPoP proofs (OIDC-17)."""

from identity.domain.dpop import Request, check_dpop
from identity.domain.errors import InvalidProof
from identity.domain.oauth_errors import InvalidRequest
from identity.domain.oidc_client import OidcClient
from identity.usecases.ports import Ports


def verify_dpop(ports: Ports, proof: str, request: Request) -> str:
    """Verify a proof and mark it as used; return the thumbprint of its key. Raises InvalidProof."""
    signed = ports.proofs.dpop(proof)
    use = check_dpop(signed.claims, request, thumbprint=signed.thumbprint, now=ports.clock.now())
    if not ports.seen_proofs.first_use(use):
        raise InvalidProof
    return signed.thumbprint


def require_proof(client: OidcClient, jkt: str | None) -> None:
    """Raise InvalidRequest if the client is registered to require DPoP and has sent no proof."""
    if client.requires_dpop and jkt is None:
        raise InvalidRequest("the DPoP proof is missing")
