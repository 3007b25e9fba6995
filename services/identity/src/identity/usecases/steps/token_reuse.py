"""Reuse of authorization codes and refresh tokens, which ends their grant (OIDC-9, OIDC-16)."""

from datetime import timedelta

from identity.domain.grant import EndReason, Grant, Token
from identity.domain.oauth_errors import InvalidGrant
from identity.domain.oidc_client import OidcClient
from identity.usecases.audit.recording import record_refusal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps import session_termination

LOST_RESPONSE = timedelta(seconds=60)
"""How long a client may repeat a refresh whose response was lost, if the new token is unused (OIDC-16)."""


def is_reused(uow: UnitOfWork, token: Token) -> bool:
    """Return whether a refresh token was used before.

    A repetition within LOST_RESPONSE does not count while the new token is unused: the response was probably lost.
    """
    if token.used_at is None:
        return False
    is_recent = uow.clock.now() - token.used_at <= LOST_RESPONSE
    return not (is_recent and uow.refresh_tokens.has_unused_successor(token))


def end_reused(uow: UnitOfWork, client: OidcClient, grant_id: str, reason: EndReason) -> Grant:
    """End the grant of a reused code or token, and return it. Raises InvalidGrant if it is another client's."""
    grant = uow.grants.get(grant_id)
    if grant is None or grant.client != client.name:
        raise InvalidGrant("the login has ended")
    session_termination.end_grant(uow, grant.id, reason)
    return grant


def refusal_of_reuse(ports: Ports, grant: Grant, reason: EndReason) -> InvalidGrant:
    """Record the reuse in the audit log; return the exception to raise. Call it outside a unit of work."""
    record_refusal(
        ports, "grant.refused", grant.account_id, throttle_key=grant.id, why=reason, **grant.audited
    )
    return InvalidGrant("the code or token was used before, so the login has ended")
