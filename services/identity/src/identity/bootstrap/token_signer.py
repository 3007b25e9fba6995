"""Creates the signer of OpenID Connect tokens from `IDENTITY_OIDC_KEYS` (OIDC-26)."""

from datetime import timedelta

from port_runtime.secret import Secret
from port_runtime.settings import SettingsError

from identity.adapters.jose.jwk import KeySetError
from identity.adapters.jose.signer import JoseSigner
from identity.adapters.jose.signing_keys import key_warnings, read_signing_keys
from identity.usecases.ports.clock import Clock

_NAME = "IDENTITY_OIDC_KEYS"
MAX_KEY_AGE = timedelta(days=365)
"""Older keys cause a warning, but still sign."""


def token_signer(keys: Secret | None, clock: Clock) -> JoseSigner:
    """Return the signer, with keys that can sign now. Raises SettingsError."""
    if keys is None:
        raise SettingsError([f"{_NAME}: must be set"])
    try:
        signer = JoseSigner(read_signing_keys(keys.reveal()), clock)
        signer.check()
    except KeySetError as error:
        raise SettingsError([f"{_NAME}: {error}"]) from None
    return signer


def signing_key_report(keys: Secret | None, clock: Clock) -> str:
    """Return "ok", or a warning that the keys are missing, old or of unknown age. Raises KeySetError."""
    if keys is None:
        return f"warning: {_NAME} is not set; `identity serve` and `notify` need it"
    found = list(key_warnings(read_signing_keys(keys.reveal()), clock.now(), max_age=MAX_KEY_AGE))
    return f"warning: {'; '.join(found)}" if found else "ok"
