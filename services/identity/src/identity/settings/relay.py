"""What `identity relay` reads."""

from dataclasses import dataclass

from port_events import redis_url
from port_runtime.parsers import Address, address, integer, optional, seconds, secret_url, text
from port_runtime.secret import Secret
from port_runtime.settings import setting

from identity.settings.audit import AuditSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class RelaySettings(AuditSettings):
    """What `identity relay` needs: the database, Redis, and the audit log's keys; none that a mail or a link needs."""

    redis_url: Secret = setting(
        "REDIS_URL",
        parse=secret_url(*redis_url.SCHEMES, check=redis_url.check),
        doc="the relay's user of Redis",
    )
    event_stream: str = setting(
        "IDENTITY_EVENT_STREAM", parse=text, default="identity.events", doc="key of the event stream"
    )
    stream_kept: int = setting(
        "IDENTITY_STREAM_KEPT",
        parse=seconds,
        default="7d",
        doc="how long entries stay in the stream, but for what the mailer has not handled; and how far back a wiped "
        "Redis is filled again",
    )
    relay_poll_ms: int = setting(
        "IDENTITY_RELAY_POLL_MS",
        parse=integer(5, 10_000),
        default="25",
        doc="milliseconds between two looks at SQLite; PostgreSQL wakes the relay itself",
    )
    metrics_bind: Address | None = setting(
        "IDENTITY_RELAY_METRICS_BIND",
        parse=optional(address),
        default=None,
        doc="the relay's operators' port, host:port: `/metrics`, `/livez`, `/readyz`; never open to the outside",
    )
