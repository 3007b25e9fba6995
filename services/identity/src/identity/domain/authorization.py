"""Authorization requests and the validation of their parameters (OIDC-1, OIDC-3, OIDC-10)."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from identity.domain.authorization_error import AuthorizationError
from identity.domain.authorization_parameters import Parameters
from identity.domain.claims_parameter import RequestedClaims, parse_claims
from identity.domain.grant import PASSWORD_ACR
from identity.domain.oidc_client import OidcClient
from identity.domain.oidc_scopes import OPENID, SCOPES

PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
_NOT_SUPPORTED: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")
"""A SHA-256 digest in base64url: a PKCE challenge (RFC 7636), or the thumbprint of a key (RFC 7638)."""
_MAX_NONCE_CHARACTERS = 500
_SECONDS = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A validated request. `acr` is set if the client requests it, by `claims` or by `acr_values`.

    `jkt` is the thumbprint of the DPoP key to which the code is bound, or None.
    """

    scopes: list[str]
    resources: list[str]
    code_challenge: str | None
    nonce: str | None
    prompts: frozenset[str]
    max_age: timedelta | None
    claims: RequestedClaims
    acr: str | None
    login_hint: str | None
    id_token_hint: str | None
    jkt: str | None

    @property
    def is_silent(self) -> bool:
        """Whether no page may be shown (`prompt=none`)."""
        return "none" in self.prompts

    @property
    def demands_login(self) -> bool:
        """Whether a new login is required, however recent the last one is."""
        return "login" in self.prompts or self.max_age == timedelta(0)


def parse_request(
    parameters: Parameters, client: OidcClient, *, resources: Collection[str], pushed: bool
) -> AuthorizationRequest:
    """Validate a request. `resources` are the URIs that the client may name in it. Raises AuthorizationError."""
    _check_form(parameters, client, pushed=pushed)
    scopes = _scopes(parameters, client)
    claims = parse_claims(parameters.get("claims"), scopes)
    if claims.demands_other_acr(PASSWORD_ACR):
        raise AuthorizationError("unmet_authentication_requirements", "the essential acr is not supported")
    asks_acr = "acr" in claims.names or parameters.get("acr_values") is not None
    return AuthorizationRequest(
        scopes=scopes,
        resources=_resources(parameters, resources),
        code_challenge=_code_challenge(parameters, client),
        nonce=_nonce(parameters),
        prompts=_prompts(parameters),
        max_age=_max_age(parameters),
        claims=claims,
        acr=PASSWORD_ACR if asks_acr else None,
        login_hint=parameters.get("login_hint"),
        id_token_hint=parameters.get("id_token_hint"),
        jkt=_thumbprint(parameters, "dpop_jkt"),
    )


def _check_form(parameters: Parameters, client: OidcClient, *, pushed: bool) -> None:
    for name, code in _NOT_SUPPORTED.items():
        if parameters.get(name) is not None:
            raise AuthorizationError(code, f"{name} is not supported")  # type: ignore[arg-type]  # the table contains valid codes
    if parameters.repeated:
        raise AuthorizationError("invalid_request", "a parameter is repeated")
    if client.requires_par and not pushed:
        raise AuthorizationError("invalid_request", "this client must push its requests (RFC 9126)")
    response_type = parameters.get("response_type")
    if response_type is None:
        raise AuthorizationError("invalid_request", "response_type is missing")
    if response_type != "code":
        raise AuthorizationError("unsupported_response_type", "response_type must be code")
    if parameters.get("response_mode") not in {None, "query"}:
        raise AuthorizationError("invalid_request", "response_mode must be query")


def _scopes(parameters: Parameters, client: OidcClient) -> list[str]:
    """Return the requested scopes. Unknown scopes are ignored (OpenID Connect Core section 3.1.2.1)."""
    requested = set((parameters.get("scope") or "").split(" "))
    known = [scope for scope in SCOPES if scope in requested]
    if OPENID not in known:
        raise AuthorizationError("invalid_scope", "scope must contain openid")
    if not set(known) <= set(client.scopes):
        raise AuthorizationError("invalid_scope", "a scope is not registered for this client")
    return known


def _resources(parameters: Parameters, known: Collection[str]) -> list[str]:
    requested = list(dict.fromkeys(parameters.every("resource")))
    if not set(requested) <= set(known):
        raise AuthorizationError("invalid_target", "a resource is unknown or not allowed for this client")
    return requested


def _code_challenge(parameters: Parameters, client: OidcClient) -> str | None:
    """Return the PKCE challenge, or None if it is absent and the client is registered without PKCE (OIDC-1).

    Such a client should send a nonce. The nonce is not required, because the certification of OpenID providers tests
    that a request without a nonce succeeds.
    """
    challenge, method = parameters.get("code_challenge"), parameters.get("code_challenge_method")
    if challenge is None and method is None:
        if client.requires_pkce or client.is_public:
            raise AuthorizationError("invalid_request", "code_challenge is missing")
        return None
    if method != "S256":
        raise AuthorizationError("invalid_request", "code_challenge_method must be S256")
    return _thumbprint(parameters, "code_challenge", required=True)


def _thumbprint(parameters: Parameters, name: str, *, required: bool = False) -> str | None:
    value = parameters.get(name)
    if value is None and not required:
        return None
    if value is None or not _THUMBPRINT.fullmatch(value):
        raise AuthorizationError("invalid_request", f"{name} must be 43 characters of base64url")
    return value


def _nonce(parameters: Parameters) -> str | None:
    nonce = parameters.get("nonce")
    if nonce is not None and len(nonce) > _MAX_NONCE_CHARACTERS:
        raise AuthorizationError("invalid_request", "nonce is too long")
    return nonce


def _prompts(parameters: Parameters) -> frozenset[str]:
    prompts = frozenset((parameters.get("prompt") or "").split(" ")) - {""}
    if not prompts <= PROMPTS:
        raise AuthorizationError("invalid_request", "prompt is unknown")
    if "none" in prompts and len(prompts) > 1:
        raise AuthorizationError("invalid_request", "prompt none cannot be combined with other values")
    return prompts


def _max_age(parameters: Parameters) -> timedelta | None:
    raw = parameters.get("max_age")
    if raw is None:
        return None
    if not _SECONDS.fullmatch(raw):
        raise AuthorizationError("invalid_request", "max_age must be a number of seconds")
    return timedelta(seconds=int(raw))
