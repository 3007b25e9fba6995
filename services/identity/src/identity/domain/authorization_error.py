"""Refusals of authorization requests (RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6) and of logout requests."""

from dataclasses import dataclass
from typing import Literal

from identity.domain.oidc_client import OidcClient

ErrorCode = Literal[
    "invalid_request",
    "unsupported_response_type",
    "invalid_scope",
    "invalid_target",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
    "unmet_authentication_requirements",
    "login_required",
    "interaction_required",
    "account_selection_required",
    "consent_required",
    "access_denied",
]


@dataclass(eq=False)
class AuthorizationError(Exception):
    """An error that is returned to the client. `description` is ASCII text for the client's developers."""

    code: ErrorCode
    description: str = ""


@dataclass(eq=False)
class UnprovenRequest(Exception):  # noqa: N818  # a refusal is not an error of the program
    """The client or the redirect URI cannot be verified, so the browser must not be redirected (OIDC-2).

    `client` is a registered client that the request names, or None. Malformed requests are refused in this way too.
    """

    description: str
    client: OidcClient | None = None


@dataclass(eq=False)
class RequestGone(Exception):  # noqa: N818  # a refusal is not an error of the program
    """A pending request is unknown, expired or already answered (OIDC-4). `client` is its sender, if known."""

    client: OidcClient | None = None


class UnprovenLogout(UnprovenRequest):
    """The client, the ID token or the redirect URI of a logout request cannot be verified (OIDC-23)."""
