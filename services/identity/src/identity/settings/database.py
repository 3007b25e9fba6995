"""What every process reads: its mode, the database, how much is logged."""

from dataclasses import dataclass

from port_runtime.secret import Secret
from port_runtime.settings import choice, secret_url, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """What `identity migrate` needs."""

    mode: str = setting(
        "IDENTITY_MODE",
        parse=choice("production", "local"),
        default="production",
        doc="`production` refuses what is unsafe beyond one machine; `make run` and the tests set `local`",
    )
    database_url: Secret = setting(
        "IDENTITY_DATABASE_URL",
        parse=secret_url("postgresql+psycopg", "sqlite"),
        doc="SQLAlchemy URL: `postgresql+psycopg://…` in production",
    )
    log_level: str = setting(
        "IDENTITY_LOG_LEVEL",
        parse=choice("DEBUG", "INFO", "WARNING", "ERROR"),
        default="INFO",
        doc="least level that is logged",
    )
