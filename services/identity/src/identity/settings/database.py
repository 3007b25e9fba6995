"""The settings that every process reads (mode, database, log level), and settings that several declare."""

from collections.abc import Iterator
from dataclasses import dataclass

from port_runtime.secret import Secret
from port_runtime.setting_parsers import (
    PRODUCTION,
    HostPort,
    choice,
    host_port,
    integer,
    log_format,
    log_level,
    mode,
    secret_url,
    switch,
)
from port_runtime.settings import setting
from port_runtime.tls_urls import is_database_protected


def _check_path(url: str) -> None:
    """Refuse an SQLite URL without a path. The text after two slashes would be a host. Raises ValueError."""
    path = url.partition("://")[2]
    if url.startswith("sqlite:") and (not path.startswith("/") or path == "/"):
        raise ValueError(
            "must name a file after three slashes, as in sqlite:///identity.db, or four: sqlite:////data/…"
        )


def database_pool() -> int:
    return setting(
        "IDENTITY_DATABASE_POOL",
        parse=integer(1, 256),
        default="10",
        doc="database connections of one web process, half of them for transactions, half for single statements; an "
        "odd number is rounded up",
    )


_pooler = choice("none", "transaction")


def database_pooler() -> bool:
    """Declare the setting that says whether the database's URL is that of a pooler in transaction mode."""
    return setting(
        "IDENTITY_DATABASE_POOLER",
        parse=lambda raw: _pooler(raw) == "transaction",
        default="none",
        doc="`transaction`: the database's URL is that of PgBouncer in transaction mode; relays, "
        "`identity notify` and `identity migrate` need the URL of PostgreSQL itself",
    )


def metrics_bind(name: str, *, of: str) -> HostPort | None:
    return setting(
        name,
        parse=host_port,
        default=None,
        doc=f"address (host:port) of the HTTP server of {of} for metrics and health checks (`/metrics`, `/livez`, "
        "`/readyz`); never expose it to the outside",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """The settings of `identity migrate`, and a part of those of every process."""

    mode: str = setting(
        "IDENTITY_MODE",
        parse=mode,
        default=PRODUCTION,
        doc="`production` refuses settings that are only safe on one machine; `local`, which `make run` sets, serves "
        "only this machine",
    )
    database_url: Secret = setting(
        "IDENTITY_DATABASE_URL",
        parse=secret_url("postgresql+psycopg", "sqlite", check=_check_path),
        doc="SQLAlchemy URL, `postgresql+psycopg://…` with the role of the process (`identity database roles`) or "
        "`sqlite:///…` for one machine",
    )
    database_plain: bool = setting(
        "IDENTITY_DATABASE_PLAIN",
        parse=switch,
        default="off",
        doc="`on` allows PostgreSQL without `sslmode=verify-full` on hosts other than localhost in production, for "
        "example on a private network",
    )
    log_level: str = setting(
        "IDENTITY_LOG_LEVEL", parse=log_level, default="INFO", doc="lowest level that is logged"
    )
    log_format: str = setting(
        "IDENTITY_LOG_FORMAT",
        parse=log_format,
        default="json",
        doc="format of log lines in both services: `json`, `logfmt`, or `console` for people at a terminal",
    )

    def errors(self) -> Iterator[str]:
        if self.mode == PRODUCTION and not (
            self.database_plain or is_database_protected(self.database_url.reveal())
        ):
            yield "IDENTITY_DATABASE_URL: must have sslmode=verify-full in production"
