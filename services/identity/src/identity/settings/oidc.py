"""The signing keys of OpenID Connect, and the limits of token lifetimes."""

from collections.abc import Iterator

from port_runtime.secret import Secret
from port_runtime.setting_parsers import secret
from port_runtime.settings import setting

_MIN_ACCESS_SECONDS = 60
_MAX_ACCESS_SECONDS = 15 * 60
_MAX_JWT_SECONDS = 10 * 60


def oidc_keys() -> Secret | None:
    """Declare the signing keys. They are optional, because commands read the settings too, but sign nothing."""
    return setting(
        "IDENTITY_OIDC_KEYS",
        parse=secret,
        default=None,
        doc="private JWK set of RSA and P-256 keys; the first key of each type whose `nbf` has passed signs tokens for "
        "other services, and all keys are published; required by the web processes and notify; see `identity keys new`",
    )


def token_lifetime_errors(*, access: int, jwt: int) -> Iterator[str]:
    """Yield the errors of the lifetimes, in seconds (OIDC-14, OIDC-15)."""
    if not _MIN_ACCESS_SECONDS <= access <= _MAX_ACCESS_SECONDS:
        yield "IDENTITY_OIDC_ACCESS: must be from 1m to 15m"
    if not 1 <= jwt <= _MAX_JWT_SECONDS:
        yield "IDENTITY_OIDC_JWT: must be from 1s to 10m"
