"""A service client's registration for OpenID Connect (OIDC-25)."""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from identity.domain.account import Kind
from identity.domain.client_uri import without_loopback_port
from identity.domain.service_client import Scope, Secrets, ServiceClient

Auth = Literal["secret", "post", "key", "none"]
"""How the client authenticates (OIDC-18): `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`."""

Profile = Literal["fapi2"]
"""The FAPI 2.0 security profile."""

IdTokenAlg = Literal["RS256", "ES256"]


@dataclass(eq=False, kw_only=True)
class OidcClient:
    """A service client's settings for OpenID Connect; `name` is its `client_id` and the name of its ServiceClient.

    `keys` is a public JWK set, for clients that authenticate by key. `resources` are the URIs by which
    this client, and clients that may reach it, request tokens for it. `may_reach` lists the clients for which this
    client may request tokens, by `resource` or by token exchange.
    """

    name: str
    display_name: str
    redirect_uris: list[str]
    post_logout_uris: list[str] = field(default_factory=list)
    backchannel_uri: str | None = None
    scopes: list[str]
    accepts: list[Kind]
    auth: Auth = "secret"
    keys: dict[str, Any] | None = None
    asks_consent: bool = False
    requires_pkce: bool = True
    may_refresh: bool = False
    requires_dpop: bool = False
    requires_par: bool = False
    id_token_alg: IdTokenAlg = "RS256"  # noqa: S105  # an algorithm
    resources: list[str] = field(default_factory=list)
    has_jwt_tokens: bool = False
    may_reach: list[str] = field(default_factory=list)
    updated_at: datetime

    @property
    def is_public(self) -> bool:
        return self.auth == "none"

    @property
    def rotates_refresh_tokens(self) -> bool:
        """Whether each refresh replaces the refresh token. A client that proves a key keeps it (OIDC-16)."""
        return self.auth != "key" and not self.requires_dpop

    @property
    def profile(self) -> Profile | None:
        """The security profile that applies to the client. Only FAPI 2.0 requires pushed requests."""
        return "fapi2" if self.requires_par else None

    def accepts_redirect_uri(self, uri: str) -> bool:
        """Return whether the URI is registered. A public client may use any port on loopback (OIDC-2)."""
        if uri in self.redirect_uris:
            return True
        bare = without_loopback_port(uri) if self.is_public else None
        return bare is not None and bare in map(without_loopback_port, self.redirect_uris)

    def is_narrower_than(self, former: "OidcClient") -> bool:
        """Return whether a scope, account kind, resource or reachable client was removed, so that grants must end."""
        return any(
            set(before) - set(after)
            for before, after in (
                (former.scopes, self.scopes),
                (former.accepts, self.accepts),
                (former.resources, self.resources),
                (former.may_reach, self.may_reach),
            )
        )

    def replace(self, new: "OidcClient") -> None:
        for each in fields(self):
            setattr(self, each.name, getattr(new, each.name))


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A service client that is not revoked, with its registration for OpenID Connect."""

    service: ServiceClient
    oidc: OidcClient

    @property
    def name(self) -> str:
        return self.oidc.name

    @property
    def auth(self) -> Auth:
        return self.oidc.auth

    @property
    def keys(self) -> dict[str, Any] | None:
        return self.oidc.keys

    def accepts(self, digest: str, now: datetime) -> bool:
        return self.service.accepts(digest, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectingClient:
    """The data that introspection needs about a client that is not revoked."""

    name: str
    rights: list[Scope]
    auth: Auth
    keys: dict[str, Any] | None
    resources: list[str]
    secrets: Secrets

    def accepts(self, digest: str, now: datetime) -> bool:
        return self.secrets.accept(digest, now)
