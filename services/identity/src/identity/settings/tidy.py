"""The settings of `identity tidy`."""

from collections.abc import Iterator
from dataclasses import dataclass

from port_runtime.setting_parsers import seconds
from port_runtime.settings import setting

from identity.settings.audit import AuditSettings
from identity.settings.database import database_pooler
from identity.settings.retention import feed_retention, retention_errors, stream_retention
from identity.settings.session_lifetimes import session_idle, session_idle_errors

_MIN_AUDIT_SECONDS = 184 * 86_400  # the maximum length of six months (SEC-11)
_MIN_IDLE_ACCOUNT_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class TidySettings(AuditSettings):
    """The settings of `identity tidy`, which writes no mails or links, and so needs only the audit log's keys."""

    session_idle: int = session_idle()
    feed_kept: int = feed_retention()
    stream_kept: int = stream_retention()
    has_pooler: bool = database_pooler()

    audit_kept: int = setting(
        "IDENTITY_AUDIT_KEPT",
        parse=seconds,
        default="400d",
        doc="how long the audit log keeps rows, at least 184d",
    )
    idle_disabled: int | None = setting(
        "IDENTITY_IDLE_DISABLED",
        parse=seconds,
        default=None,
        doc="suspend accounts unused for this long, e.g. `180d`; at least 30d, at most `IDENTITY_AUDIT_KEPT`; if not "
        "set, suspend none",
    )

    def errors(self) -> Iterator[str]:
        yield from AuditSettings.errors(self)
        yield from session_idle_errors(self.session_idle)
        yield from retention_errors(feed=self.feed_kept, stream=self.stream_kept, mode=self.mode)
        if self.audit_kept < _MIN_AUDIT_SECONDS:
            yield "IDENTITY_AUDIT_KEPT: must be 184d (six months) or more"
        if self.idle_disabled is not None and self.idle_disabled < _MIN_IDLE_ACCOUNT_SECONDS:
            yield "IDENTITY_IDLE_DISABLED: must be 30d or more"
        if self.idle_disabled is not None and self.idle_disabled > self.audit_kept:
            yield "IDENTITY_IDLE_DISABLED: must not be longer than IDENTITY_AUDIT_KEPT, whose log shows idle accounts"
