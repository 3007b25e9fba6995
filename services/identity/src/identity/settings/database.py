"""What every process reads: its mode, the database, how much is logged."""

from dataclasses import dataclass

from port_runtime.parsers import PRODUCTION, log_level, mode, secret_url
from port_runtime.secret import Secret
from port_runtime.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """What `identity migrate` needs."""

    mode: str = setting(
        "IDENTITY_MODE",
        parse=mode,
        default=PRODUCTION,
        doc="`production` refuses what is unsafe beyond one machine; `make run` and the tests set `local`",
    )
    database_url: Secret = setting(
        "IDENTITY_DATABASE_URL",
        parse=secret_url("postgresql+psycopg", "sqlite"),
        doc="SQLAlchemy URL: `postgresql+psycopg://…` in production",
    )
    log_level: str = setting(
        "IDENTITY_LOG_LEVEL", parse=log_level, default="INFO", doc="least level that is logged"
    )
