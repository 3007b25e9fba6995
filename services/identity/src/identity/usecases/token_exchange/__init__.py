"""Token exchange (RFC 8693): to call another service, or to act for another company (OIDC-19)."""

from identity.domain.oauth_errors import InvalidRequest
from identity.domain.oidc_client import OidcClient
from identity.usecases.ports import Ports
from identity.usecases.steps.dpop import require_proof
from identity.usecases.steps.token_issuance import Tokens
from identity.usecases.token_exchange.for_company import exchange_for_company
from identity.usecases.token_exchange.for_service import exchange_for_service
from identity.usecases.token_exchange.request import ACCESS_TOKEN, ACCOUNT, ExchangeRequest


def exchange(ports: Ports, client: OidcClient, request: ExchangeRequest) -> Tokens:
    """Exchange an access token, to call other services, or a general account's id, to act as that account.

    Raises InvalidRequest, also for invalid subject and actor tokens (RFC 8693 section 2.2.2), InvalidScope,
    InvalidTarget, UnauthorizedClient, TooManyRequests.
    """
    require_proof(client, request.jkt)
    if (request.actor is None) is not (request.actor_type is None):
        raise InvalidRequest("actor_token and actor_token_type go together")
    if request.subject_type == ACCOUNT:
        return exchange_for_company(ports, client, request)
    if request.subject_type != ACCESS_TOKEN:
        raise InvalidRequest("subject_token_type is not supported")
    if request.actor is not None:
        raise InvalidRequest("actor_token is only allowed with an account")
    return exchange_for_service(ports, client, request)
