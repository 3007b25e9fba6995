"""Token exchange for a call to another service (RFC 8693, OIDC-19)."""

from identity.domain.grant import Token
from identity.domain.oauth_errors import InvalidRequest, InvalidTarget, UnauthorizedClient
from identity.domain.oidc_client import OidcClient
from identity.domain.service_client import digest_of
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.token_issuance import TokenRequest, Tokens, issue_access_token, servers_of
from identity.usecases.token_exchange.request import ExchangeRequest, narrowed


def exchange_for_service(ports: Ports, client: OidcClient, request: ExchangeRequest) -> Tokens:
    """Issue a token for other services to a client in the subject token's audience.

    The new token belongs to the subject token's grant and has at most its scopes and its remaining lifetime. Its `act`
    is the client, and contains the `act` of the subject token.
    """
    subject = ports.token_queries.active_token(digest_of(request.subject), ports.clock.now())
    if subject is None or {client.name, *client.resources}.isdisjoint(subject.token.audience):
        raise InvalidRequest("the subject token is not active or not intended for this service")
    _check_holder(client, subject.token, request.jkt)
    with ports.unit_of_work() as uow:
        active = uow.grants.active(subject.grant.id, uow.clock.now())
        if active is None:
            raise InvalidRequest("the login has ended")
        targets = _targets(uow, client, request)
        access = issue_access_token(
            uow,
            TokenRequest(
                active=active,
                client=client.name,
                scopes=narrowed(subject.token.scopes, request.scopes),
                audience=list(dict.fromkeys([*request.audience, *request.resources])),
                servers=targets,
                act={"sub": client.name, **({"act": subject.token.act} if subject.token.act else {})},
                jkt=request.jkt,
                expires_by=subject.token.expires_at,
            ),
        )
        reached = [target.name for target in targets]
        uow.record_action("grant.exchanged", active.account.id, reached=reached, **active.grant.audited)
        uow.commit()
    return Tokens(access=access)


def _check_holder(client: OidcClient, token: Token, jkt: str | None) -> None:
    """Refuse a client that may have stolen the token. Raises InvalidRequest, UnauthorizedClient.

    The client to which the token was issued must prove the token's key, if the token is bound to one. Any other client
    cannot have that key, so it must be a confidential client.
    """
    if token.client == client.name:
        if token.jkt not in {None, jkt}:
            raise InvalidRequest("the subject token is bound to another key")
    elif client.is_public:
        raise UnauthorizedClient("a public client may exchange only its own tokens")


def _targets(uow: UnitOfWork, client: OidcClient, request: ExchangeRequest) -> list[OidcClient]:
    """Return the clients that `audience` names, and those that registered the resources. Raises InvalidTarget."""
    if not (request.audience or request.resources):
        raise InvalidTarget("audience or resource must name a service")
    live = {each.name: each for each in uow.oidc_clients.live()}
    named = [live.get(name) for name in request.audience]
    targets = [*named, *servers_of(uow, request.resources, requested=request.resources).values()]
    if any(target is None or target.name not in client.may_reach for target in targets):
        raise InvalidTarget("the client may not reach this service")
    return [target for target in targets if target is not None]
