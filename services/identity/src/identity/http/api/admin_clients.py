"""Registration of clients for OpenID Connect, by a service that names the operator (OIDC-25)."""

import json
from functools import partial
from typing import Any, Final

from identity.domain.audit import parse_reason
from identity.domain.client_registration import (
    AUTHS,
    KINDS,
    MAX_REACHED,
    PROFILES,
    Registration,
)
from identity.domain.client_registration_fields import RegistrationError, WrongField
from identity.domain.client_uri import MAX_URIS
from identity.domain.errors import NotFound, WrongState
from identity.domain.oidc_client import OidcClient
from identity.domain.oidc_scopes import SCOPES
from identity.domain.service_client import RevokedClientError, Scope, UnknownClientError
from identity.http.api.admin import OPERATOR_HEADER
from identity.http.api.blueprint import Blueprint
from identity.http.api.client_schemas import OidcClientSchema
from identity.http.api.fields import Flag, Input, Items, Members, Text, one_of
from identity.http.field_errors import FieldError, InvalidInput, field_error
from identity.http.operator_auth import operator_ports, require_operator
from identity.usecases import oidc_clients

_SCOPE: Final[Scope] = "clients:manage"
_ERRORS = (400, 401, 403, 404, 429)

blueprint = Blueprint(
    "clients",
    __name__,
    description="Registration of clients for OpenID Connect, by a service with the right clients:manage",
    security=[{"service": []}, {"bearer": []}],
    parameters=[OPERATOR_HEADER],
)


class RegistrationInput(Input):
    """A complete registration, which replaces the previous registration."""

    display_name = Text(required=True)
    redirect_uris = Items(Text(), limit=MAX_URIS, load_default=())
    post_logout_uris = Items(Text(), limit=MAX_URIS, load_default=())
    backchannel_uri = Text(load_default=None, allow_none=True)
    scopes = Items(one_of(*SCOPES), limit=MAX_URIS, load_default=())
    accepts = Items(one_of(*KINDS), limit=len(KINDS), load_default=("general",))
    auth = one_of(*AUTHS, load_default=None, allow_none=True)
    keys = Members(load_default=None, allow_none=True, metadata={"description": "a public JWK set"})
    asks_consent = Flag(load_default=False)
    requires_pkce = Flag(load_default=True)
    may_refresh = Flag(load_default=False)
    requires_dpop = Flag(load_default=None, allow_none=True)
    resources = Items(Text(), limit=MAX_URIS, load_default=())
    has_jwt_tokens = Flag(load_default=False)
    may_reach = Items(Text(), limit=MAX_REACHED, load_default=())
    profile = one_of(*PROFILES, load_default=None, allow_none=True)
    reason = Text(parse_reason, required=True)


@blueprint.get("/admin/clients/<name>/oidc")
@blueprint.errors(*_ERRORS)
@blueprint.response(200, OidcClientSchema)
def show(name: str) -> OidcClient:
    """Return a client's registration."""
    try:
        found = oidc_clients.show(operator_ports(scope=_SCOPE), name)
    except UnknownClientError:
        raise NotFound from None
    if found.oidc is None:
        raise NotFound
    return found.oidc


@blueprint.put("/admin/clients/<name>/oidc")
@blueprint.arguments(RegistrationInput, guard=partial(require_operator, _SCOPE))
@blueprint.errors(*_ERRORS, 409, 422)
@blueprint.response(200, OidcClientSchema)
def register(arguments: dict[str, Any], name: str) -> OidcClient:
    """Register a client, or replace its registration; its grants end if the new registration is narrower."""
    ports = operator_ports(arguments.pop("reason"), scope=_SCOPE)
    keys = arguments.pop("keys")
    try:
        return oidc_clients.register(
            ports, name, Registration(**arguments, keys=None if keys is None else json.dumps(keys))
        )
    except RegistrationError as error:
        raise InvalidInput(map(_field_error, error.wrong)) from None
    except UnknownClientError:
        raise NotFound from None
    except RevokedClientError:
        raise WrongState("revoked") from None


def _field_error(wrong: WrongField) -> FieldError:
    position = "" if wrong.position is None else f"/{wrong.position}"
    return field_error(f"/{wrong.name}{position}", wrong.error)
