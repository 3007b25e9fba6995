"""Sending of back-channel logout tokens (OIDC-22)."""

from typing import Protocol


class ClientUnreachable(Exception):  # noqa: N818  # it happens to the client
    """The client did not answer; the message is one of a fixed set of reasons."""


class LogoutSender(Protocol):
    """Sends logout tokens to clients."""

    def send(self, uri: str, logout_token: str) -> int:
        """Return the status of the answer, after TRY_TIMEOUT at most. Raises ClientUnreachable."""
