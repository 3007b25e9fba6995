"""Proofs of possession that come with a request (OIDC-17)."""

from identity.domain.errors import InvalidProof
from identity.domain.proof import Request, check_dpop
from identity.usecases.ports import Ports


def verify_dpop(ports: Ports, proof: str, request: Request) -> str:
    """Return the thumbprint of the key that signed the proof, which counts as used. Raises InvalidProof."""
    signed = ports.proofs.dpop(proof)
    use = check_dpop(signed.claims, request, thumbprint=signed.thumbprint, now=ports.clock.now())
    if not ports.seen_proofs.first_use(use):
        raise InvalidProof
    return signed.thumbprint
