"""Stored authorization requests, and the consents of people to what services get."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from identity.domain.stored_request import Progress, StoredRequest


class AuthorizationRequests(Protocol):
    """The stored requests (OIDC-4, OIDC-12)."""

    def add(self, request: StoredRequest) -> None:
        """Add a request."""

    def get(self, digest: str) -> StoredRequest | None:
        """Return a request, also one that has expired or was answered, until it is deleted."""

    def advance(self, digest: str, progress: Progress, *, now: datetime, expires_at: datetime) -> bool:
        """Record the progress of an open request, which then expires at that time; return False if it is not open."""

    def close(self, digest: str, now: datetime) -> bool:
        """Mark a request as answered with one statement; return False if it was or has expired."""


class ClientConsents(Protocol):
    """What people have agreed to give to services that ask (OIDC-11)."""

    def scopes(self, account_id: str, client: str) -> Sequence[str]:
        """Return the scopes that a person has agreed to."""

    def add(self, account_id: str, client: str, scopes: Sequence[str], now: datetime) -> None:
        """Add scopes to those that a person has agreed to."""

    def forget(self, account_id: str) -> None:
        """Delete all consents of a person."""
