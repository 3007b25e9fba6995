"""Refusals of the OAuth endpoints only; `http/oauth/error_responses.py` maps each to its code and status."""


class OAuthRefusal(Exception):  # noqa: N818  # a refusal is not an error of the program
    """A client's request is refused. `description` gives the reason in ASCII, for the client's developers."""

    def __init__(self, description: str = "") -> None:
        super().__init__(description)
        self.description = description


class InvalidRequest(OAuthRefusal):
    """A parameter is missing, repeated or malformed (RFC 6749 section 5.2)."""


class InvalidGrant(OAuthRefusal):
    """The code or token is invalid or was issued to another client (RFC 6749 section 5.2)."""


class UnauthorizedClient(OAuthRefusal):
    """The client is not registered for this grant type or operation (RFC 6749 section 5.2)."""


class UnsupportedGrantType(OAuthRefusal):
    """The token endpoint does not support the grant type (RFC 6749 section 5.2)."""


class InvalidScope(OAuthRefusal):
    """A scope is unknown or exceeds the grant (RFC 6749 section 5.2)."""


class InvalidTarget(OAuthRefusal):
    """A resource is not registered, or the grant does not include it (RFC 8707)."""


class InvalidToken(OAuthRefusal):
    """A resource was requested without an active token (RFC 6750 section 3.1)."""


class InvalidResourceProof(OAuthRefusal):
    """A resource was requested with a DPoP proof that does not match the request (RFC 9449 section 7.1)."""


class InsufficientScope(OAuthRefusal):
    """The token lacks the scope that this resource requires (RFC 6750 section 3.1)."""
