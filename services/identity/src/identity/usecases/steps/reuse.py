"""Handling of reused codes and refresh tokens (OIDC-9, OIDC-16)."""

from identity.domain.grant import EndReason, Grant
from identity.domain.oauth_errors import InvalidGrant
from identity.domain.oidc_client import OidcClient
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import ending


def end_reused(uow: UnitOfWork, client: OidcClient, grant_id: str, reason: EndReason) -> Grant:
    """End the grant and return it. Raises InvalidGrant if the client has no such grant."""
    grant = uow.grants.get(grant_id)
    if grant is None or grant.client != client.name:
        raise InvalidGrant("the login has ended")
    ending.end_grant(uow, grant.id, reason)
    return grant


def refusal_of_reuse(ports: Ports, grant: Grant, reason: EndReason) -> InvalidGrant:
    """Record the reuse outside the unit of work; return the exception to raise."""
    record_refusal(
        ports, "grant.refused", grant.account_id, throttle_key=grant.id, why=reason, **grant.audited
    )
    return InvalidGrant("the code or token was used before, so the login has ended")
