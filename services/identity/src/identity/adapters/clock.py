"""The time and what nobody can guess."""

import secrets
import uuid
from datetime import UTC, datetime


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return datetime.now(UTC)


class SystemRandomness:
    """The operating system's source."""

    def identifier(self) -> str:
        """Return a new UUID."""
        return str(uuid.uuid4())

    def token(self) -> str:
        """Return 256 bits, URL-safe."""
        return secrets.token_urlsafe(32)

    def digits(self, count: int) -> str:
        """Return evenly distributed decimal digits."""
        return "".join(secrets.choice("0123456789") for _ in range(count))
