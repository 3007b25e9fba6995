"""What the OAuth endpoints refuse beside `domain.errors`; `http/oauth/errors.py` maps each to its code and status."""


class OAuthRefusal(Exception):  # noqa: N818  # a refusal is no error of the program
    """A request of a client that is refused; `description` says why, to its developers and in ASCII."""

    def __init__(self, description: str = "") -> None:
        super().__init__(description)
        self.description = description


class InvalidRequest(OAuthRefusal):
    """A parameter is missing, given twice or not readable (RFC 6749 section 5.2)."""


class InvalidGrant(OAuthRefusal):
    """A code or token that is not valid, or not for this client (RFC 6749 section 5.2)."""


class UnauthorizedClient(OAuthRefusal):
    """The client is not registered for this (RFC 6749 section 5.2)."""


class UnsupportedGrantType(OAuthRefusal):
    """A grant type that the token endpoint does not offer (RFC 6749 section 5.2)."""


class InvalidScope(OAuthRefusal):
    """A scope that is unknown or goes beyond the grant (RFC 6749 section 5.2)."""


class InvalidTarget(OAuthRefusal):
    """A resource that nobody registered, or that the grant does not include (RFC 8707)."""


class InvalidToken(OAuthRefusal):
    """A resource was asked without an active token (RFC 6750 section 3.1)."""


class InsufficientScope(OAuthRefusal):
    """The token has not the scope that this resource needs (RFC 6750 section 3.1)."""
