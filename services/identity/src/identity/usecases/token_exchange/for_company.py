"""Token exchange for another company (RFC 8693, OIDC-19)."""

from identity.domain.errors import TooManyRequests
from identity.domain.grant import ActiveToken, Grant
from identity.domain.oauth_errors import InvalidRequest, InvalidTarget, UnauthorizedClient
from identity.domain.oidc_client import OidcClient
from identity.domain.rate_limits import GRANTS_BY_PERSON
from identity.domain.service_client import digest_of
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.steps.token_issuance import Tokens, issue_tokens, request_of_grant, with_id_token
from identity.usecases.token_exchange.request import ACCESS_TOKEN, ExchangeRequest, narrowed


def exchange_for_company(ports: Ports, client: OidcClient, request: ExchangeRequest) -> Tokens:
    """Open a grant for a general account that is bound to a link account, without another authorization request.

    The actor token is the link account's own access token, issued to this client; the subject is the general account's
    id. A public client receives a refresh token only with a DPoP key: otherwise whoever stole the access token could
    extend it until the end of the login.
    """
    actor = (
        ports.token_queries.active_token(digest_of(request.actor), ports.clock.now())
        if request.actor_type == ACCESS_TOKEN and request.actor
        else None
    )
    if actor is None or not _is_own_of_link(actor, client, request.jkt):
        raise InvalidRequest("the actor token is not an active token of a link account at this client")
    if "general" not in client.accepts:
        raise UnauthorizedClient("the client does not accept general accounts")
    if request.audience:
        raise InvalidTarget("a token for a company is only issued for this client and its resources")
    with ports.unit_of_work() as uow:
        grant = _grant(uow, actor, request)
        if grant is None or not uow.grants.open(grant):
            raise InvalidRequest("the link account has no verified binding to this account")
        uow.count([GRANTS_BY_PERSON.counter(grant.holder_id)], TooManyRequests)
        uow.record_action("grant.opened", grant.account_id, **grant.audited)
        active = uow.grants.active(grant.id, uow.clock.now())
        if active is None:
            raise InvalidRequest("the login has ended")
        full = request_of_grant(client, active, jkt=request.jkt)
        refreshes = client.may_refresh and (not client.is_public or request.jkt is not None)
        tokens = issue_tokens(uow, full, request, refreshes=refreshes)
        uow.commit()
    return with_id_token(ports, client, active, tokens)


def _is_own_of_link(actor: ActiveToken, client: OidcClient, jkt: str | None) -> bool:
    """Return whether this client obtained the token for a link account as itself, and has proven its key (OIDC-7)."""
    token = actor.token
    return (
        actor.account.kind == "link"
        and token.client == client.name
        and token.act is None
        and token.jkt in {None, jkt}
    )


def _grant(uow: UnitOfWork, actor: ActiveToken, request: ExchangeRequest) -> Grant | None:
    """Return the grant for the company, which ends with its parent; None if the company has no binding to the actor.

    Raises InvalidScope, InvalidTarget.
    """
    parent, binding = actor.grant, uow.bindings.live_of_general(request.subject)
    if binding is None or binding.link_account_id != actor.account.id:
        return None
    if not set(request.resources) <= set(parent.resources):
        raise InvalidTarget("the login does not include all of these resources")
    return Grant(
        id=uow.randomness.identifier(),
        client=parent.client,
        session_id=parent.session_id,
        holder_id=parent.holder_id,
        account_id=request.subject,
        binding_id=binding.id,
        parent_id=parent.id,
        scopes=narrowed(actor.token.scopes, request.scopes),
        resources=list(request.resources or parent.resources),
        claims=parent.claims,
        acr=parent.acr,
        amr=parent.amr,
        auth_time=parent.auth_time,
        created_at=uow.clock.now(),
        expires_at=parent.expires_at,
    )
