"""What `identity keys` reads."""

from dataclasses import dataclass

from port_runtime.parsers import optional, secret, secret_list, text
from port_runtime.secret import Secret
from port_runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """The keys of either service, as far as they are set where it runs; who works with them says what each is for."""

    secret_keys: tuple[Secret, ...] | None = setting(
        "IDENTITY_SECRET_KEYS", parse=optional(secret_list), default=None
    )
    audit_keys: tuple[Secret, ...] | None = setting(
        "IDENTITY_AUDIT_KEYS", parse=optional(secret_list), default=None
    )
    seal_public: str | None = setting("MAIL_SEAL_PUBLIC_KEYS", parse=optional(text), default=None)
    seal_private: Secret | None = setting("MAIL_SEAL_PRIVATE_KEYS", parse=optional(secret), default=None)
    sign_private: Secret | None = setting("MAIL_SIGN_PRIVATE_KEYS", parse=optional(secret), default=None)
    sign_public: str | None = setting("MAIL_SIGN_PUBLIC_KEYS", parse=optional(text), default=None)
