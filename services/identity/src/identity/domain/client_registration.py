"""Validation of a service client's registration for OpenID Connect (OIDC-25)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, get_args

from identity.domain.account import Kind
from identity.domain.client_registration_fields import Fields, RegistrationError, WrongField, one_of
from identity.domain.client_uri import (
    parse_backchannel_uri,
    parse_redirect_uri,
    parse_resource,
)
from identity.domain.errors import InvalidValue
from identity.domain.oidc_client import Auth, OidcClient, Profile
from identity.domain.oidc_scopes import OPENID, SCOPES
from identity.domain.service_client import ClientError
from identity.domain.typed_text import parse_proper_name

KINDS: Final = get_args(Kind)
AUTHS: Final = get_args(Auth)
PROFILES: Final = get_args(Profile)
MAX_NAME_CHARACTERS: Final = 50
MAX_REACHED: Final = 50
"""Maximum number of clients for which one client may exchange tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The values that an operator enters. `keys` is a JWK set as text.

    If `auth` or `requires_dpop` is None, `profile` decides.
    """

    display_name: str
    redirect_uris: Sequence[str] = ()
    post_logout_uris: Sequence[str] = ()
    backchannel_uri: str | None = None
    scopes: Sequence[str] = ()
    accepts: Sequence[str] = ("general",)
    auth: str | None = None
    keys: str | None = field(default=None, repr=False)
    asks_consent: bool = False
    requires_pkce: bool = True
    may_refresh: bool = False
    requires_dpop: bool | None = None
    resources: Sequence[str] = ()
    has_jwt_tokens: bool = False
    may_reach: Sequence[str] = ()
    profile: str | None = None


def parse_registration(
    registration: Registration,
    *,
    name: str,
    parse_keys: Callable[[str], dict[str, Any]],
    https_only: bool,
    now: datetime,
) -> OidcClient:
    """Validate the registration of the client `name`. Raises RegistrationError, which lists every invalid field."""
    fields = Fields(registration)
    auth = registration.auth or ("key" if registration.profile else "secret")
    display_name = partial(parse_proper_name, max_length=MAX_NAME_CHARACTERS)
    redirect = partial(parse_redirect_uri, is_public=auth == "none")
    client = OidcClient(
        name=name,
        display_name=fields.one("display_name", display_name) or "",
        redirect_uris=fields.each("redirect_uris", redirect),
        post_logout_uris=fields.each("post_logout_uris", redirect),
        backchannel_uri=fields.one("backchannel_uri", partial(parse_backchannel_uri, https_only=https_only)),
        scopes=list(dict.fromkeys([OPENID, *fields.each("scopes", one_of(SCOPES))])),
        accepts=fields.each("accepts", one_of(KINDS)),  # type: ignore[arg-type]  # `one_of` checks each value
        auth=auth,  # type: ignore[arg-type]  # checked as a field below
        keys=fields.one("keys", partial(_parse_keys, parse_keys)),
        asks_consent=registration.asks_consent,
        requires_pkce=registration.requires_pkce,
        may_refresh=registration.may_refresh,
        requires_dpop=bool(registration.profile)
        if registration.requires_dpop is None
        else registration.requires_dpop,
        requires_par=bool(registration.profile),
        id_token_alg="ES256" if registration.profile else "RS256",
        resources=fields.each("resources", parse_resource),
        has_jwt_tokens=registration.has_jwt_tokens,
        may_reach=fields.each("may_reach", str, limit=MAX_REACHED),
        updated_at=now,
    )
    fields.one("auth", one_of(AUTHS))
    fields.one("profile", one_of(PROFILES))
    fields.wrong.extend(_contradictions(client, registration))
    if fields.wrong:
        raise RegistrationError(fields.wrong)
    return client


def _contradictions(client: OidcClient, registration: Registration) -> Iterator[WrongField]:
    if not registration.redirect_uris and not registration.resources:
        yield WrongField("redirect_uris", InvalidValue("required"))
    if not registration.accepts:
        yield WrongField("accepts", InvalidValue("required"))
    if client.auth == "key" and not registration.keys:
        yield WrongField("keys", InvalidValue("required"))
    if client.auth != "key" and registration.keys:
        yield WrongField("keys", InvalidValue("keys_unused"))
    if not client.requires_pkce and (client.is_public or client.profile):
        yield WrongField("requires_pkce", InvalidValue("pkce_needed"))
    if client.profile and client.auth != "key":
        yield WrongField("auth", InvalidValue("fapi2_needed", "key"))
    if client.profile and not client.requires_dpop:
        yield WrongField("requires_dpop", InvalidValue("fapi2_needed", "dpop"))


def _parse_keys(parse: Callable[[str], dict[str, Any]], raw: str) -> dict[str, Any]:
    try:
        return parse(raw)
    except ClientError as error:
        raise InvalidValue("invalid_keys", reason=str(error)) from None
