"""Every variable of the identity service by the process that reads it, and what is refused (OPS-5, SEC-14)."""

from identity.settings.audit import AuditSettings, TidySettings
from identity.settings.database import DatabaseSettings
from identity.settings.keys import KeySettings
from identity.settings.relay import RelaySettings
from identity.settings.web import WebSettings

__all__ = [
    "AuditSettings",
    "DatabaseSettings",
    "KeySettings",
    "RelaySettings",
    "TidySettings",
    "WebSettings",
]
