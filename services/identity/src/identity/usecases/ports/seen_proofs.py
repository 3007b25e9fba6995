"""Single use of DPoP proofs and client assertions (OIDC-17, OIDC-18)."""

from typing import Protocol

from identity.domain.jwt_replay import SingleUse


class SeenProofs(Protocol):
    """Each use commits at once, and counts even if the request is refused afterwards."""

    def first_use(self, proof: SingleUse) -> bool:
        """Record a use; return False if the proof or assertion was used before."""
