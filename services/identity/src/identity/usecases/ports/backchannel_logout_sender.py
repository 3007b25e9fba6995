"""Sending of back-channel logout tokens (OIDC-22)."""

from typing import Protocol


class ClientUnreachable(Exception):  # noqa: N818  # named after the condition
    """The client did not answer; the message is one of a fixed set of reasons."""


class LogoutSender(Protocol):
    """The transport of logout tokens to clients."""

    def send(self, uri: str, logout_token: str) -> int:
        """Send a token, and return the response's status within TRY_TIMEOUT. Raises ClientUnreachable."""
