"""Why an authorization request is refused (RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6)."""

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
    """The client receives `code`; `description` is for its developers, in ASCII."""

    code: ErrorCode
    description: str = ""


@dataclass(eq=False)
class UnprovenRequest(Exception):  # noqa: N818  # a refusal is no error of the program
    """It is not known who asks, or where the answer may go, so nobody is redirected (OIDC-2).

    `client` is known if only the redirect URI is not proven.
    """

    description: str
    client: OidcClient | None = None


@dataclass(eq=False)
class RequestGone(Exception):  # noqa: N818  # a refusal is no error of the program
    """A stored request that is unknown, has expired or was answered (OIDC-4); `client` asked it, if that is known."""

    client: OidcClient | None = None


class UnprovenLogout(UnprovenRequest):
    """The same of a request to log out (OIDC-23)."""
