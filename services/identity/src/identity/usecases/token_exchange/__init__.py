"""Token exchange (RFC 8693, OIDC-19): for calls to another service, or for another company."""

from identity.domain.oauth_errors import InvalidRequest
from identity.domain.oidc_client import OidcClient
from identity.usecases.ports import Ports
from identity.usecases.steps.dpop import require_proof
from identity.usecases.steps.token_issuance import Tokens
from identity.usecases.token_exchange.for_company import exchange_for_company
from identity.usecases.token_exchange.for_service import exchange_for_service
from identity.usecases.token_exchange.request import ACCESS_TOKEN, ACCOUNT, ExchangeRequest


def exchange(ports: Ports, client: OidcClient, asked: ExchangeRequest) -> Tokens:
    """Exchange a token. Raises OAuthRefusal.

    Invalid subject and actor tokens are InvalidRequest (RFC 8693 section 2.2.2).
    """
    require_proof(client, asked.jkt)
    if (asked.actor is None) is not (asked.actor_type is None):
        raise InvalidRequest("actor_token and actor_token_type go together")
    if asked.subject_type == ACCOUNT:
        return exchange_for_company(ports, client, asked)
    if asked.subject_type != ACCESS_TOKEN:
        raise InvalidRequest("subject_token_type is not supported")
    if asked.actor is not None:
        raise InvalidRequest("actor_token is only allowed with an account")
    return exchange_for_service(ports, client, asked)
