"""Response schemas for clients, of the admin API and the `identity` command; this module does not import Flask."""

from marshmallow import fields

from identity.domain.client_registration import AUTHS, KINDS, PROFILES
from identity.domain.oidc_scopes import SCOPES
from identity.http.api.schemas import ResponseSchema, Timestamp


class OidcClientSchema(ResponseSchema):
    """A client's registration for OpenID Connect, including the values that `profile` requires."""

    name = fields.String()
    display_name = fields.String()
    redirect_uris = fields.List(fields.String())
    post_logout_uris = fields.List(fields.String())
    backchannel_uri = fields.String(allow_none=True)
    scopes = fields.List(fields.String(metadata={"enum": list(SCOPES)}))
    accepts = fields.List(fields.String(metadata={"enum": list(KINDS)}))
    auth = fields.String(metadata={"enum": list(AUTHS)})
    keys = fields.Dict(allow_none=True)
    asks_consent = fields.Boolean()
    requires_pkce = fields.Boolean()
    may_refresh = fields.Boolean()
    requires_dpop = fields.Boolean()
    requires_par = fields.Boolean()
    id_token_alg = fields.String(metadata={"enum": ["RS256", "ES256"]})
    resources = fields.List(fields.String())
    has_jwt_tokens = fields.Boolean()
    may_reach = fields.List(fields.String())
    profile = fields.String(allow_none=True, metadata={"enum": [*PROFILES, None]})
    updated_at = Timestamp()
