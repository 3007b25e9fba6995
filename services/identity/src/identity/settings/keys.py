"""The settings of `identity keys`, and the check of symmetric keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from port_runtime.secret import Secret
from port_runtime.setting_parsers import PRODUCTION, secret, secret_list, text
from port_runtime.settings import setting

_MIN_CHARACTERS = 32
_MIN_DISTINCT = 6
"""Fewer distinct characters than a random key of 32 hexadecimal digits has."""
_PLACEHOLDERS = ("change-me", "changeme", "insecure", "example")


def key_strength_errors(name: str, keys: Sequence[Secret], *, mode: str) -> Iterator[str]:
    """Yield the errors of the keys in variable `name`. Production refuses placeholders and repetitive keys too."""
    if any(len(key.reveal()) < _MIN_CHARACTERS for key in keys):
        yield f"{name}: each key must have {_MIN_CHARACTERS} characters or more"
    if mode == PRODUCTION and any(word in key.reveal().lower() for key in keys for word in _PLACEHOLDERS):
        yield f"{name}: must not be a placeholder"
    elif mode == PRODUCTION and any(map(_is_repetitive, (key.reveal() for key in keys))):
        yield f"{name}: must not repeat a few characters or a word"


def _is_repetitive(key: str) -> bool:
    """Return whether a key has few distinct characters, or is a shorter text written several times."""
    return len(set(key)) < _MIN_DISTINCT or key in (key + key)[1:-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """The keys of both services. Each is optional, because a command uses the keys that are set."""

    secret_keys: tuple[Secret, ...] | None = setting("IDENTITY_SECRET_KEYS", parse=secret_list, default=None)
    audit_keys: tuple[Secret, ...] | None = setting("IDENTITY_AUDIT_KEYS", parse=secret_list, default=None)
    oidc_keys: Secret | None = setting("IDENTITY_OIDC_KEYS", parse=secret, default=None)
    seal_public: str | None = setting("MAIL_SEAL_PUBLIC_KEYS", parse=text, default=None)
    seal_private: Secret | None = setting("MAIL_SEAL_PRIVATE_KEYS", parse=secret, default=None)
    sign_private: Secret | None = setting("MAIL_SIGN_PRIVATE_KEYS", parse=secret, default=None)
    sign_public: str | None = setting("MAIL_SIGN_PUBLIC_KEYS", parse=text, default=None)
