"""Proofs that were used."""

from typing import Protocol

from identity.domain.proof import SingleUse


class SeenProofs(Protocol):
    """What clients have proven with; the use counts even if the request is then refused."""

    def first_use(self, proof: SingleUse) -> bool:
        """Record a use; return False if the proof was used before (OIDC-17, OIDC-18)."""
