"""The provider's metadata document (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2)."""

from typing import Any, Final, get_args

from identity.domain.grant import PASSWORD_ACR
from identity.domain.oidc_scopes import CLAIMS, SCOPES
from identity.usecases.ports.jose import CLIENT_ALGORITHMS, Algorithm

JWKS_PATH: Final = "/.well-known/jwks.json"
_ENDPOINTS = {
    "authorization_endpoint": "/oauth/authorize",
    "token_endpoint": "/oauth/token",
    "userinfo_endpoint": "/oauth/userinfo",
    "introspection_endpoint": "/oauth/introspect",
    "revocation_endpoint": "/oauth/revoke",
    "pushed_authorization_request_endpoint": "/oauth/par",
    "end_session_endpoint": "/oauth/logout",
    "jwks_uri": JWKS_PATH,
}
_AUTHENTICATED = ("client_secret_basic", "client_secret_post", "private_key_jwt")
_AUTHENTICATION = {
    "token_endpoint": (*_AUTHENTICATED, "none"),
    "introspection_endpoint": _AUTHENTICATED,
    "revocation_endpoint": (*_AUTHENTICATED, "none"),
}
_TOKEN_CLAIMS = ("iss", "aud", "azp", "exp", "iat", "auth_time", "amr", "acr", "sid")
_FIXED = {
    "response_types_supported": ["code"],
    "response_modes_supported": ["query"],
    "grant_types_supported": [
        "authorization_code",
        "refresh_token",
        "urn:ietf:params:oauth:grant-type:token-exchange",
    ],
    "subject_types_supported": ["public"],
    "code_challenge_methods_supported": ["S256"],
    "acr_values_supported": [PASSWORD_ACR],
    "claims_parameter_supported": True,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
    "authorization_response_iss_parameter_supported": True,
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "prompt_values_supported": ["none", "login", "select_account", "consent"],
    "ui_locales_supported": ["zh-TW"],
}


def provider_metadata(issuer: str) -> dict[str, Any]:
    algorithms = list(CLIENT_ALGORITHMS)
    return {
        "issuer": issuer,
        **{name: issuer + path for name, path in _ENDPOINTS.items()},
        "scopes_supported": list(SCOPES),
        "claims_supported": list(
            dict.fromkeys([*_TOKEN_CLAIMS, *(each for own in CLAIMS.values() for each in own)])
        ),
        "id_token_signing_alg_values_supported": list(get_args(Algorithm)),
        "dpop_signing_alg_values_supported": algorithms,
        **{f"{name}_auth_methods_supported": list(methods) for name, methods in _AUTHENTICATION.items()},
        **{f"{name}_auth_signing_alg_values_supported": algorithms for name in _AUTHENTICATION},
        **_FIXED,
    }
