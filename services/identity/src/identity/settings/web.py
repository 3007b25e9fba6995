"""The settings of the web processes and of the operators' commands."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from port_events.keys import SEAL_CURVE, SIGN_CURVE, key_set_errors
from port_runtime.secret import Secret
from port_runtime.setting_parsers import (
    PRODUCTION,
    choice,
    directory,
    integer,
    seconds,
    secret,
    secret_list,
    switch,
    text,
)
from port_runtime.settings import setting

from identity.settings.database import database_pool, database_pooler
from identity.settings.keys import key_strength_errors
from identity.settings.oidc import oidc_keys, token_lifetime_errors
from identity.settings.pages import PageSettings
from identity.settings.retention import feed_retention, retention_errors, stream_retention
from identity.settings.session_lifetimes import session_absolute, session_idle, session_lifetime_errors

_MIN_MEMORY_KIB = 19456
_MIN_PASSES = 2
_MIN_KIB_PER_LANE = 8  # Argon2, RFC 9106 section 3.1
_MAX_PER_ADDRESS = 10_000  # enough for a whole port behind one address

REVIEWED = {
    "none": frozenset[str](),
    "general": frozenset({"general"}),
    "link": frozenset({"link"}),
    "both": frozenset({"general", "link"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings(PageSettings):
    """The settings of the web processes, and of the commands that call use cases as the operator."""

    secret_keys: tuple[Secret, ...] = setting(
        "IDENTITY_SECRET_KEYS",
        parse=secret_list,
        doc="keys of mailed links, cookies, bind codes and counters, newest first, separated by commas, at least 32 "
        "characters each",
    )
    review: str | None = setting(
        "IDENTITY_REVIEW",
        parse=choice(*REVIEWED),
        default=None,
        doc="kinds of account that an operator must approve: `none`, `general`, `link` or `both`; required in "
        "production, `none` in local mode if not set",
    )
    review_days: int = setting(
        "IDENTITY_REVIEW_DAYS",
        parse=integer(1, 60),
        default="3",
        doc="working days that a review usually takes, shown to the waiting applicant",
    )
    tax_id_checksum: bool = setting(
        "IDENTITY_TAX_ID_CHECKSUM",
        parse=switch,
        default="on",
        doc="verify the checksum of company tax ids; `off` is for test systems and refused in production",
    )
    password_profile: str = setting(
        "IDENTITY_PASSWORD_PROFILE",
        parse=choice("tw-gov", "nist"),
        default="tw-gov",
        doc="profile of password rules, `tw-gov` or `nist`",
    )
    consent_dir: Path | None = setting(
        "IDENTITY_CONSENT_DIR",
        parse=directory,
        default=None,
        doc="directory of the three consent texts; required in production; if not set, local mode uses samples",
    )
    seal_public_keys: str = setting(
        "MAIL_SEAL_PUBLIC_KEYS", parse=text, doc="JWK set: identity seals mails with the first key"
    )
    sign_private_keys: Secret = setting(
        "MAIL_SIGN_PRIVATE_KEYS", parse=secret, doc="JWK set: identity signs mails with the first key"
    )
    oidc_keys: Secret | None = oidc_keys()
    oidc_access: int = setting(
        "IDENTITY_OIDC_ACCESS",
        parse=seconds,
        default="10m",
        doc="lifetime of an opaque access token, from 1m to 15m",
    )
    oidc_jwt: int = setting(
        "IDENTITY_OIDC_JWT",
        parse=seconds,
        default="5m",
        doc="lifetime of a JWT access token, up to 10m; it stays valid after its login has ended",
    )
    session_idle: int = session_idle()
    session_absolute: int = session_absolute()
    feed_kept: int = feed_retention()
    stream_kept: int = stream_retention()
    argon2_memory_kib: int = setting(
        "IDENTITY_ARGON2_MEMORY_KIB",
        parse=integer(8, 4_194_304),
        default="19456",
        doc="memory of one hash in KiB; in production at least 19456",
    )
    argon2_passes: int = setting(
        "IDENTITY_ARGON2_PASSES",
        parse=integer(1, 100),
        default="2",
        doc="passes of one hash; in production at least 2",
    )
    argon2_lanes: int = setting(
        "IDENTITY_ARGON2_LANES", parse=integer(1, 16), default="1", doc="lanes of one hash"
    )
    hash_slots: int = setting(
        "IDENTITY_HASH_SLOTS",
        parse=integer(1, 256),
        default="1",
        doc="passwords that one web process hashes at the same time; for all web processes together, set at most one "
        "for each core",
    )
    hash_queue: int = setting(
        "IDENTITY_HASH_QUEUE",
        parse=integer(0, 4096),
        default="16",
        doc="requests that may wait for a hash in one web process; further requests get 503",
    )
    login_failures_per_address: int = setting(
        "IDENTITY_LOGIN_FAILURES_PER_ADDRESS",
        parse=integer(5, 1_000_000),
        default="100",
        doc="failed logins allowed from one address (IPv6: /64 network) in 15 minutes; ten times as many from a /48 "
        "network",
    )
    registrations_per_address: int = setting(
        "IDENTITY_REGISTRATIONS_PER_ADDRESS",
        parse=integer(1, 1_000_000),
        default="60",
        doc="registrations allowed from one address (IPv6: /64 network) in an hour; ten times as many from a /48 "
        "network",
    )
    web_workers: int = setting(
        "IDENTITY_WEB_WORKERS", parse=integer(1, 64), default="2", doc="web processes of one `identity serve`"
    )
    web_threads: int = setting(
        "IDENTITY_WEB_THREADS",
        parse=integer(1, 256),
        default="24",
        doc="threads of one web process; must be more than hash slots and hash queue together",
    )
    database_pool: int = database_pool()
    has_pooler: bool = database_pooler()

    @property
    def reviewed_kinds(self) -> frozenset[str]:
        """The kinds of account that an operator must approve (REV-1)."""
        return REVIEWED[self.review or "none"]

    def errors(self) -> Iterator[str]:
        yield from PageSettings.errors(self)
        yield from key_strength_errors("IDENTITY_SECRET_KEYS", self.secret_keys, mode=self.mode)
        yield from key_set_errors("MAIL_SEAL_PUBLIC_KEYS", self.seal_public_keys, curve=SEAL_CURVE)
        yield from key_set_errors(
            "MAIL_SIGN_PRIVATE_KEYS", self.sign_private_keys.reveal(), curve=SIGN_CURVE, private=True
        )
        yield from token_lifetime_errors(access=self.oidc_access, jwt=self.oidc_jwt)
        yield from session_lifetime_errors(
            idle=self.session_idle, absolute=self.session_absolute, mode=self.mode
        )
        if self.argon2_memory_kib < _MIN_KIB_PER_LANE * self.argon2_lanes:
            yield f"IDENTITY_ARGON2_MEMORY_KIB: must be {_MIN_KIB_PER_LANE} or more for each lane"
        yield from retention_errors(feed=self.feed_kept, stream=self.stream_kept, mode=self.mode)
        if self.web_threads <= self.hash_slots + self.hash_queue:
            yield "IDENTITY_WEB_THREADS: must be more than IDENTITY_HASH_SLOTS and IDENTITY_HASH_QUEUE together"
        if self.mode == PRODUCTION:
            yield from self._production_errors()

    def _production_errors(self) -> Iterator[str]:
        if self.review is None:
            yield "IDENTITY_REVIEW: must be chosen in production"
        if self.consent_dir is None:
            yield "IDENTITY_CONSENT_DIR: must be set in production; the samples are refused"
        if not self.tax_id_checksum:
            yield "IDENTITY_TAX_ID_CHECKSUM: must not be off in production"
        if self.argon2_memory_kib < _MIN_MEMORY_KIB:
            yield f"IDENTITY_ARGON2_MEMORY_KIB: must be {_MIN_MEMORY_KIB} or more in production"
        if self.argon2_passes < _MIN_PASSES:
            yield f"IDENTITY_ARGON2_PASSES: must be {_MIN_PASSES} or more in production"
        yield from self._limit_errors()

    def _limit_errors(self) -> Iterator[str]:
        """Yield an error for each limit that is too high to protect anything."""
        if self.login_failures_per_address > _MAX_PER_ADDRESS:
            yield f"IDENTITY_LOGIN_FAILURES_PER_ADDRESS: must be {_MAX_PER_ADDRESS} or less in production"
        if self.registrations_per_address > _MAX_PER_ADDRESS:
            yield f"IDENTITY_REGISTRATIONS_PER_ADDRESS: must be {_MAX_PER_ADDRESS} or less in production"
