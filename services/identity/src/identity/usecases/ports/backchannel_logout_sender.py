"""Sending of back-channel logout tokens (OIDC-22)."""

from typing import Protocol


class ClientUnreachable(Exception):  # noqa: N818  # named after the condition
    """No response was received; the message is one of a fixed set of reasons, such as `timeout`."""


class LogoutSender(Protocol):
    def send(self, uri: str, logout_token: str) -> int:
        """Post a token; return the response's status. Raises ClientUnreachable after TRY_TIMEOUT at the latest."""
