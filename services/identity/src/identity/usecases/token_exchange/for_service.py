"""Token exchange for a call to another service (RFC 8693, OIDC-19)."""

from identity.domain.grant import Token
from identity.domain.oauth_errors import InvalidRequest, InvalidTarget, UnauthorizedClient
from identity.domain.oidc_client import OidcClient
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.active_access_token import active_access_token
from identity.usecases.steps.token_issuance import TokenRequest, Tokens, issue_access_token, servers_of
from identity.usecases.token_exchange.request import ExchangeRequest, narrowed


def exchange_for_service(ports: Ports, client: OidcClient, asked: ExchangeRequest) -> Tokens:
    """Issue a token for a further service to a service that received a token.

    The new token belongs to the same grant, has no further scopes, expires no later, and names the service in `act`.
    """
    subject = active_access_token(ports, asked.subject)
    if subject is None or {client.name, *client.resources}.isdisjoint(subject.token.audience):
        raise InvalidRequest("the subject token is not active or not intended for this service")
    _check_holder(client, subject.token, asked.jkt)
    with ports.unit_of_work() as uow:
        active = uow.grants.active(subject.grant.id, uow.clock.now())
        if active is None:
            raise InvalidRequest("the login has ended")
        targets = _targets(uow, client, asked)
        access = issue_access_token(
            uow,
            TokenRequest(
                active=active,
                client=client.name,
                scopes=narrowed(subject.token.scopes, asked.scopes),
                audience=list(dict.fromkeys([*asked.audience, *asked.resources])),
                servers=targets,
                act={"sub": client.name, **({"act": subject.token.act} if subject.token.act else {})},
                jkt=asked.jkt,
                expires_by=subject.token.expires_at,
            ),
        )
        reached = [target.name for target in targets]
        uow.record_action("grant.exchanged", active.account.id, reached=reached, **active.grant.audited)
        uow.commit()
    return Tokens(access=access, refresh=None, id_token=None)


def _check_holder(client: OidcClient, token: Token, jkt: str | None) -> None:
    """Refuse clients that may have stolen the token. Raises InvalidRequest, UnauthorizedClient.

    A client must prove possession of the key to which its own token is bound. Only a client that can authenticate may
    exchange a token of another client.
    """
    if token.client == client.name:
        if token.jkt not in {None, jkt}:
            raise InvalidRequest("the subject token is bound to another key")
    elif client.is_public:
        raise UnauthorizedClient("a public client may exchange only its own tokens")


def _targets(uow: UnitOfWork, client: OidcClient, asked: ExchangeRequest) -> list[OidcClient]:
    """Return the requested services. Raises InvalidTarget."""
    if not (asked.audience or asked.resources):
        raise InvalidTarget("audience or resource must name a service")
    live = {each.name: each for each in uow.oidc_clients.live()}
    named = [live.get(name) for name in asked.audience]
    targets = [*named, *servers_of(uow, asked.resources, asked=asked.resources).values()]
    if any(target is None or target.name not in client.may_reach for target in targets):
        raise InvalidTarget("the client may not reach this service")
    return [target for target in targets if target is not None]
