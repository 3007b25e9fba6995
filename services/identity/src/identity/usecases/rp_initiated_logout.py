"""Logout requested by a client (OpenID Connect RP-Initiated Logout 1.0, OIDC-23)."""

from dataclasses import dataclass
from datetime import datetime

from identity.domain.authorization_error import UnprovenLogout
from identity.domain.authorization_parameters import Parameters
from identity.domain.errors import InvalidIdToken
from identity.domain.grant import Grant
from identity.domain.oidc_client import OidcClient
from identity.domain.session import Principal
from identity.usecases.ports import Ports, UnitOfWork
from identity.usecases.ports.jose import Claims
from identity.usecases.steps import session_termination


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    client: OidcClient | None
    """None if the request names no client."""
    grant: Grant | None
    """The grant of the ID token, which may have ended; None if no ID token was sent or the grant was deleted."""
    return_uri: str | None
    """A registered URI of the client; None if none was sent or the client is not known."""
    state: str | None

    def needs_confirmation(self, principal: Principal | None) -> bool:
        """Return whether the person must confirm: a session is open, and no ID token of it was sent."""
        if principal is None:
            return False
        return self.grant is None or self.grant.session_id != principal.session_id


def verify(ports: Ports, parameters: Parameters) -> LogoutRequest:
    """Verify a logout request; an expired ID token is accepted. Raises UnprovenLogout."""
    if parameters.repeated:
        raise UnprovenLogout("a parameter is repeated")
    client_id = parameters.get("client_id")
    hint = _hint(ports, parameters.get("id_token_hint"), client_id)
    client = _client(ports, hint, client_id)
    uri = parameters.get("post_logout_redirect_uri")
    if client is not None and uri is not None and uri not in client.post_logout_uris:
        raise UnprovenLogout("post_logout_redirect_uri is not registered", client)
    return LogoutRequest(
        client=client,
        grant=_grant(ports, hint),
        return_uri=uri if client is not None else None,
        state=parameters.get("state"),
    )


def _hint(ports: Ports, token: str | None, client_id: str | None) -> Claims:
    if token is None:
        return {}
    try:
        return ports.signer.read_id_token(token, issuer=ports.rules.public_url)
    except InvalidIdToken:
        client = ports.token_queries.oidc_client(client_id) if client_id is not None else None
        raise UnprovenLogout("id_token_hint is not an ID token of this server", client) from None


def _client(ports: Ports, hint: Claims, client_id: str | None) -> OidcClient | None:
    named = hint.get("aud") if hint else client_id
    if named is None:
        return None
    client = ports.token_queries.oidc_client(str(named))
    if client is None:
        raise UnprovenLogout("the client is not registered")
    if client_id not in {None, client.name}:
        raise UnprovenLogout("id_token_hint belongs to another client", client)
    return client


def _grant(ports: Ports, hint: Claims) -> Grant | None:
    """Return the grant that the ID token names, if it belongs to the client."""
    if not hint:
        return None
    with ports.unit_of_work() as uow:
        grant = uow.grants.get(str(hint.get("sid")))
    return grant if grant is not None and grant.client == hint.get("aud") else None


def log_out(ports: Ports, request: LogoutRequest, principal: Principal | None) -> None:
    """End the browser's session with its grants, and the grant that the ID token names.

    If that grant's session has timed out, end all grants of the session, because nobody can log out of it any more.
    """
    with ports.unit_of_work() as uow:
        if principal is not None:
            session_termination.end_session(uow, principal.session_id, "logout", holder_id=None)
            uow.record_action("session.closed", principal.account.id, session_id=principal.session_id)
        grant = request.grant
        if grant is not None and (principal is None or grant.session_id != principal.session_id):
            if _has_session(uow, grant, ports.clock.now()):
                session_termination.end_grant(uow, grant.id, "logout")
            else:
                session_termination.end_session(uow, grant.session_id, "logout", holder_id=None)
        uow.commit()


def _has_session(uow: UnitOfWork, grant: Grant, now: datetime) -> bool:
    session = uow.sessions.get(grant.session_id)
    return session is not None and session.ends_at(uow.rules.sessions) > now
