"""Used proofs."""

from typing import Protocol

from identity.domain.jwt_replay import SingleUse


class SeenProofs(Protocol):
    """The proofs that clients have used. A use counts even if the request is refused afterwards."""

    def first_use(self, proof: SingleUse) -> bool:
        """Record a use; return False if the proof was used before (OIDC-17, OIDC-18)."""
