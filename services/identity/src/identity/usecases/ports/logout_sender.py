"""The way out to the clients that are notified of logouts (OIDC-22)."""

from typing import Protocol


class ClientUnreachable(Exception):  # noqa: N818  # it happens to the client
    """No answer from the client; the message is one of a few words."""


class LogoutSender(Protocol):
    """Sends logout tokens."""

    def send(self, uri: str, logout_token: str) -> int:
        """Return the status of the answer, after TRY_TIMEOUT at most. Raises ClientUnreachable."""
