"""The principal of a request, and the checks that views perform on it."""

from typing import cast

from flask import g, has_request_context, request

from identity.domain.account import Kind
from identity.domain.audit import Caller
from identity.domain.errors import (
    ForeignOrigin,
    NotSignedIn,
    StepRequired,
    WrongKind,
)
from identity.domain.post_login_steps import Step
from identity.domain.registration_rejection import Rejection
from identity.domain.session import Principal
from identity.http.client_address import client_address
from identity.http.cookie_names import session_cookie
from identity.http.same_origin import require_same_origin
from identity.http.web_context import ports
from identity.usecases import sessions

_MAX_TOKEN_CHARACTERS = 128
_BEARER = "bearer "


def current_principal() -> Principal:
    """Return the principal, also while a step after login is open. Raises NotSignedIn, ForeignOrigin."""
    if "principal" not in g:
        g.principal = sessions.identify(ports(), _token())
    return cast("Principal", g.principal)


def optional_principal() -> Principal | None:
    """Return the principal, or None without a valid session or if a page of another origin sent the request."""
    try:
        return current_principal()
    except (NotSignedIn, ForeignOrigin):
        return None


def forget_principal() -> None:
    """Clear the cached principal after this request has changed the session."""
    g.pop("principal", None)


def require_step(step: Step) -> Principal:
    """Return the principal if its next step is `step`. Raises NotSignedIn, ForeignOrigin, StepRequired.

    `StepRequired.step` is empty if no step is open.
    """
    principal = current_principal()
    if principal.next_step != step:
        raise StepRequired(principal.next_step or "")
    return principal


def require_principal(kind: Kind | None = None) -> Principal:
    """Return a principal without open steps; with `kind`, of that account kind and not switched.

    Raises NotSignedIn, ForeignOrigin, StepRequired, ForbiddenWhileSwitched, WrongKind.
    """
    principal = current_principal()
    if principal.next_step is not None:
        raise StepRequired(principal.next_step)
    if kind is not None:
        principal.require_not_switched()
        if principal.account.kind != kind:
            raise WrongKind
    return principal


def rejection() -> Rejection | None:
    """Return the rejection of the session's account, or None. Raises NotSignedIn, ForeignOrigin."""
    return sessions.rejection_of(ports(), _token())


def caller() -> Caller:
    """Return the caller for the audit log (SEC-11): the system outside requests, otherwise a person.

    A person's `name` is the id of the account that logged in, empty until the request's principal is identified.
    """
    if not has_request_context():
        return Caller(kind="system", name="identity")
    principal: Principal | None = g.get("principal")
    actor = principal.actor if principal else None
    return Caller(
        kind="person",
        name=actor.id if actor else "",
        link_account_id=actor.id if actor and actor.kind == "link" else None,
        address=client_address(),
        request_id=g.get("request_id", ""),
        client_request_id=g.get("client_request_id"),
    )


def bearer_token(header: str) -> str | None:
    """Return the bearer token of an Authorization header, or None. Raises NotSignedIn if the header is too long."""
    if header[: len(_BEARER)].lower() != _BEARER:
        return None
    if len(header) > _MAX_TOKEN_CHARACTERS:
        raise NotSignedIn
    return header[len(_BEARER) :]


def _token() -> str:
    """Return the token of the Authorization header, or else of the cookie. Raises NotSignedIn, ForeignOrigin."""
    token = bearer_token(request.headers.get("Authorization", ""))
    if token is not None:
        return token
    cookie = request.cookies.get(session_cookie())
    if not cookie or len(cookie) > _MAX_TOKEN_CHARACTERS:
        raise NotSignedIn
    require_same_origin()
    return cookie
