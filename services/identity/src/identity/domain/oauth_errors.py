"""Refusals of the OAuth endpoints only; `http/oauth/error_responses.py` maps each to its code and status."""


class OAuthRefusal(Exception):  # noqa: N818  # a refusal is not an error of the program
    """A client's request is refused. `description` gives the reason in ASCII, for the client's developers."""

    def __init__(self, description: str = "") -> None:
        super().__init__(description)
        self.description = description


class InvalidRequest(OAuthRefusal):
    """The request is malformed, or the token to exchange is not accepted (RFC 6749 5.2, RFC 8693 2.2.2)."""


class InvalidGrant(OAuthRefusal):
    """The code or refresh token is not valid for this request or was used, or its grant has ended (RFC 6749 5.2)."""


class UnauthorizedClient(OAuthRefusal):
    """The client may not use this grant type, or not for this token or account (RFC 6749 section 5.2)."""


class UnsupportedGrantType(OAuthRefusal):
    """The token endpoint does not support the grant type (RFC 6749 section 5.2)."""


class InvalidScope(OAuthRefusal):
    """The grant or the token to exchange lacks a requested scope (RFC 6749 section 5.2)."""


class InvalidTarget(OAuthRefusal):
    """A resource or audience is missing, unknown or not allowed (RFC 8707, RFC 8693 section 2.2.2)."""


class InvalidToken(OAuthRefusal):
    """Userinfo was requested without an active token (RFC 6750 section 3.1)."""


class InvalidResourceProof(OAuthRefusal):
    """Userinfo was requested with an invalid DPoP proof (RFC 9449 section 7.1)."""


class InsufficientScope(OAuthRefusal):
    """The token lacks the scope that userinfo requires (RFC 6750 section 3.1)."""
