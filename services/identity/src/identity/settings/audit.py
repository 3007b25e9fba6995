"""What those read who seal, verify and prune the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass

from port_runtime.parsers import PRODUCTION, optional, seconds, secret_list
from port_runtime.secret import Secret
from port_runtime.settings import setting

from identity.settings.database import DatabaseSettings
from identity.settings.keys import key_strength_errors

_MIN_AUDIT_SECONDS = 184 * 86_400  # six months at their longest (SEC-11)
_MIN_IDLE_ACCOUNT_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings(DatabaseSettings):
    """What seals the audit log and verifies it (SEC-11); the web processes have no part in it."""

    audit_keys: tuple[Secret, ...] | None = setting(
        "IDENTITY_AUDIT_KEYS",
        parse=optional(secret_list),
        default=None,
        doc="keys that seal the audit log, newest first, 32 characters or more each, kept as long as what they "
        "sealed; must be set in production, without them the log is not sealed",
    )

    def errors(self) -> Iterator[str]:
        """Yield what must not be started with."""
        yield from key_strength_errors("IDENTITY_AUDIT_KEYS", self.audit_keys or (), mode=self.mode)
        if self.mode == PRODUCTION and not self.audit_keys:
            yield "IDENTITY_AUDIT_KEYS: must be set in production"


@dataclass(frozen=True, slots=True, kw_only=True)
class TidySettings(AuditSettings):
    """What `identity tidy` needs beside the web processes' settings."""

    audit_kept: int = setting(
        "IDENTITY_AUDIT_KEPT",
        parse=seconds,
        default="400d",
        doc="how long rows of the audit log are kept, 184d or more",
    )
    idle_disabled: int | None = setting(
        "IDENTITY_IDLE_DISABLED",
        parse=optional(seconds),
        default=None,
        doc="suspend accounts that nobody has used for this long, e.g. `180d`; without it none",
    )

    def errors(self) -> Iterator[str]:
        """Yield what must not be started with."""
        yield from AuditSettings.errors(self)
        if self.audit_kept < _MIN_AUDIT_SECONDS:
            yield "IDENTITY_AUDIT_KEPT: must be 184d (six months) or more"
        if self.idle_disabled is not None and self.idle_disabled < _MIN_IDLE_ACCOUNT_SECONDS:
            yield "IDENTITY_IDLE_DISABLED: must be 30d or more"
        if self.idle_disabled is not None and self.idle_disabled > self.audit_kept:
            yield "IDENTITY_IDLE_DISABLED: must not be longer than IDENTITY_AUDIT_KEPT, which tells who was idle"
