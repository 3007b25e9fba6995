"""The settings of `identity audit`, and of every process that chains or prunes the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass

from port_runtime.secret import Secret
from port_runtime.setting_parsers import PRODUCTION, secret_list
from port_runtime.settings import setting

from identity.settings.database import DatabaseSettings
from identity.settings.keys import key_strength_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSettings(DatabaseSettings):
    """The keys that chain the audit log (SEC-11). The web processes must not have them."""

    audit_keys: tuple[Secret, ...] | None = setting(
        "IDENTITY_AUDIT_KEYS",
        parse=secret_list,
        default=None,
        doc="keys of the audit log's chain, newest first, separated by commas, at least 32 characters each; keep a key "
        "as long as the rows that it chained; required in production; without keys, the log is not chained",
    )

    def errors(self) -> Iterator[str]:
        yield from DatabaseSettings.errors(self)
        yield from key_strength_errors("IDENTITY_AUDIT_KEYS", self.audit_keys or (), mode=self.mode)
        if self.mode == PRODUCTION and not self.audit_keys:
            yield "IDENTITY_AUDIT_KEYS: must be set in production"
