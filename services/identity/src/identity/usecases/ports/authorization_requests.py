"""Stored authorization requests."""

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
