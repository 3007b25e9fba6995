"""Token revocation (RFC 7009, OIDC-20)."""

from identity.domain.oidc_client import RegisteredClient
from identity.domain.service_client import digest_of
from identity.usecases.ports import Ports
from identity.usecases.steps import session_termination


def revoke(ports: Ports, client: RegisteredClient, token: str) -> None:
    """Revoke a client's access token, or end the grant of a refresh token; ignore any other value (RFC 7009)."""
    digest = digest_of(token)
    with ports.unit_of_work() as uow:
        found = uow.grants.token(digest)
        if found is None or found.client != client.oidc.name:
            return
        if found.kind == "refresh":
            session_termination.end_grant(uow, found.grant_id, "revoked")
        else:
            uow.grants.void_token(digest, uow.clock.now())
        uow.commit()
