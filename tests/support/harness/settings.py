"""The settings of a test installation; keyword arguments add or replace settings."""

import functools
from datetime import UTC, datetime
from pathlib import Path

from identity.adapters.jose.signing_keys import new_signing_keys
from port_events.sealing import KeySets, new_key_sets

from tests.support.actors.consent_texts import write_consents
from tests.support.servers.ports import free_port

PUBLIC_URL = "http://127.0.0.1:8000"
"""The start of links in mails. No server listens there, because tests extract the token from the link."""
SIGNING_KEY = "a-signing-key-of-the-tests-that-is-long-enough"
SECRET = "0123456789abcdef-0123456789abcdef"
"""Long enough for production."""
UNREACHABLE_REDIS = "redis://127.0.0.1:1/0"
AUDIT_KEY = "a-key-of-the-tests-that-seals-the-audit-log"
CONTACT = {
    "IDENTITY_CONTACT_NAME": "臺灣港務股份有限公司",
    "IDENTITY_CONTACT_PHONE": "07-1234567#12",
    "IDENTITY_CONTACT_MAILBOX": "pass@port.example.tw",
    "IDENTITY_CONTACT_HOURS": "週一至週五 8:00–17:00",
    "IDENTITY_PRIVACY_URL": "https://port.example.tw/privacy",
    "IDENTITY_ACCESSIBILITY_URL": "https://port.example.tw/accessibility",
}


@functools.cache
def oidc_keys() -> str:
    """Return the keys for signing tokens, the same on each call."""
    return new_signing_keys(datetime.now(UTC))


def identity_settings(
    keys: KeySets, *, database_url: str, redis_url: str, public_url: str = PUBLIC_URL, **settings: str
) -> dict[str, str]:
    """Return the environment of identity, with cheap password hashes, because tests create many."""
    return {
        "IDENTITY_MODE": "local",
        "IDENTITY_DATABASE_URL": database_url,
        "IDENTITY_PUBLIC_URL": public_url,
        "IDENTITY_SECRET_KEYS": SIGNING_KEY,
        "IDENTITY_AUDIT_KEYS": AUDIT_KEY,
        "IDENTITY_OIDC_KEYS": oidc_keys(),
        "IDENTITY_ARGON2_MEMORY_KIB": "64",
        "IDENTITY_ARGON2_PASSES": "1",
        "IDENTITY_REGISTRATIONS_PER_ADDRESS": "10000",
        "REDIS_URL": redis_url,
        "MAIL_SEAL_PUBLIC_KEYS": keys.seal_public,
        "MAIL_SIGN_PRIVATE_KEYS": keys.sign_private,
        **settings,
    }


def mailer_settings(
    keys: KeySets, *, redis_url: str, smtp_url: str, public_url: str = PUBLIC_URL, **settings: str
) -> dict[str, str]:
    return {
        "IDENTITY_MODE": "local",
        "IDENTITY_PUBLIC_URL": public_url,
        "REDIS_URL": redis_url,
        "MAILER_SMTP_URL": smtp_url,
        "MAIL_SEAL_PRIVATE_KEYS": keys.seal_private,
        "MAIL_SIGN_PUBLIC_KEYS": keys.sign_public,
        **settings,
    }


def production_settings(directory: Path) -> dict[str, str]:
    """Return correct settings for production, the default mode, without IDENTITY_AUDIT_KEYS."""
    keys = new_key_sets()
    return {
        "IDENTITY_BIND": f"127.0.0.1:{free_port()}",
        "IDENTITY_DATABASE_URL": f"sqlite:///{directory}/identity.db",
        "IDENTITY_PUBLIC_URL": "https://pass.example.tw",
        "IDENTITY_SECRET_KEYS": SECRET,
        "IDENTITY_OIDC_KEYS": oidc_keys(),
        "IDENTITY_REVIEW": "both",
        "IDENTITY_CONSENT_DIR": str(write_consents(directory / "consents")),
        "REDIS_URL": UNREACHABLE_REDIS,
        "MAILER_SMTP_URL": "smtps://user:secret@mail.example.tw",
        "MAIL_SEAL_PUBLIC_KEYS": keys.seal_public,
        "MAIL_SEAL_PRIVATE_KEYS": keys.seal_private,
        "MAIL_SIGN_PRIVATE_KEYS": keys.sign_private,
        "MAIL_SIGN_PUBLIC_KEYS": keys.sign_public,
    }
