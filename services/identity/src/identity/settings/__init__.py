"""The environment variables of each process, and which values it refuses (OPS-5, SEC-14)."""

from identity.settings.audit import AuditSettings
from identity.settings.database import DatabaseSettings
from identity.settings.keys import KeySettings
from identity.settings.relay import RelaySettings
from identity.settings.retention import TidySettings
from identity.settings.web import WebSettings

__all__ = [
    "AuditSettings",
    "DatabaseSettings",
    "KeySettings",
    "RelaySettings",
    "TidySettings",
    "WebSettings",
]
