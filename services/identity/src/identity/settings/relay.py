"""The settings of `identity relay`."""

from collections.abc import Iterator
from dataclasses import dataclass

from port_events.redis_client import URL_SCHEMES, check_redis_url
from port_runtime.secret import Secret
from port_runtime.setting_parsers import (
    PRODUCTION,
    HostPort,
    integer,
    secret_url,
    switch,
    text,
)
from port_runtime.settings import setting
from port_runtime.tls_urls import is_redis_protected

from identity.settings.audit import AuditSettings
from identity.settings.database import metrics_bind
from identity.settings.retention import feed_retention, retention_errors, stream_retention


def event_stream() -> str:
    """Declare the key of the event stream, which is also part of the key of the audit log's anchor in Redis."""
    return setting(
        "IDENTITY_EVENT_STREAM", parse=text, default="identity.events", doc="key of the event stream"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainSettings(AuditSettings):
    """The settings of `identity audit verify` and `identity audit anchor`.

    Without `redis_url`, the end that is recorded in Redis is not read.
    """

    redis_url: Secret | None = setting(
        "REDIS_URL",
        parse=secret_url(*URL_SCHEMES, check=check_redis_url),
        default=None,
        doc="URL of Redis with the relay's user",
    )
    event_stream: str = event_stream()


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings(AuditSettings):
    """The settings of the relay, which has no key of links, tokens or mails."""

    redis_url: Secret = setting(
        "REDIS_URL",
        parse=secret_url(*URL_SCHEMES, check=check_redis_url),
        doc="URL of Redis with the relay's user; `redis+sentinel://` names sentinels (runbook, Failover of Redis)",
    )
    redis_plain: bool = setting(
        "REDIS_PLAIN",
        parse=switch,
        default="off",
        doc="`on` allows `redis://` to hosts other than localhost in production, for example on a private network",
    )
    event_stream: str = event_stream()
    stream_kept: int = stream_retention()
    feed_kept: int = feed_retention()
    relay_poll_ms: int = setting(
        "IDENTITY_RELAY_POLL_MS",
        parse=integer(5, 10_000),
        default="25",
        doc="milliseconds between polls of SQLite; PostgreSQL notifies the relay instead",
    )
    metrics_bind: HostPort | None = metrics_bind("IDENTITY_RELAY_METRICS_BIND", of="the relay")

    def errors(self) -> Iterator[str]:
        yield from AuditSettings.errors(self)
        if self.mode == PRODUCTION and not (self.redis_plain or is_redis_protected(self.redis_url.reveal())):
            yield "REDIS_URL: must be rediss:// with verified certificates in production"
        yield from retention_errors(feed=self.feed_kept, stream=self.stream_kept, mode=self.mode)
