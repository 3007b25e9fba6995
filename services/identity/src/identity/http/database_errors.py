"""The errors of an unavailable or overloaded database."""

import structlog
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from identity.domain.errors import Unavailable

DATABASE_ERRORS = (OperationalError, InterfaceError, InternalError, PoolTimeout)
_RETRY_AFTER_SECONDS = 5
_log = structlog.get_logger("identity.http")


def unavailable(error: Exception) -> Unavailable:
    """Log the error, and return the refusal that answers the request."""
    _log.warning("database unavailable", kind=type(error).__name__)
    return Unavailable(_RETRY_AFTER_SECONDS)
