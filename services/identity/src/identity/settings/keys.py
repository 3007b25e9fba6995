"""What `identity keys` reads."""

from dataclasses import dataclass

from port_runtime.parsers import optional, secret, secret_list, text
from port_runtime.secret import Secret
from port_runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """What `identity keys` looks at: the keys of either service, as far as they are set where it runs."""

    secret_keys: tuple[Secret, ...] | None = setting(
        "IDENTITY_SECRET_KEYS", parse=optional(secret_list), default=None, doc="signing keys, newest first"
    )
    audit_keys: tuple[Secret, ...] | None = setting(
        "IDENTITY_AUDIT_KEYS", parse=optional(secret_list), default=None, doc="the audit log's, newest first"
    )
    seal_public: str | None = setting(
        "MAIL_SEAL_PUBLIC_KEYS", parse=optional(text), default=None, doc="JWK set by which identity seals"
    )
    seal_private: Secret | None = setting(
        "MAIL_SEAL_PRIVATE_KEYS",
        parse=optional(secret),
        default=None,
        doc="JWK set by which the mailer opens",
    )
    sign_private: Secret | None = setting(
        "MAIL_SIGN_PRIVATE_KEYS", parse=optional(secret), default=None, doc="JWK set by which identity signs"
    )
    sign_public: str | None = setting(
        "MAIL_SIGN_PUBLIC_KEYS", parse=optional(text), default=None, doc="JWK set by which the mailer checks"
    )
