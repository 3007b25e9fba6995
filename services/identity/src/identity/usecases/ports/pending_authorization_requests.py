"""Stored authorization requests."""

from datetime import datetime
from typing import Protocol

from identity.domain.pending_authorization_request import PendingRequest, Progress


class PendingRequests(Protocol):
    """The stored requests (OIDC-4, OIDC-12)."""

    def add(self, request: PendingRequest) -> None:
        """Add a request."""

    def get(self, digest: str) -> PendingRequest | None:
        """Return a request, even if it has expired or was answered."""

    def advance(self, digest: str, progress: Progress, *, now: datetime, expires_at: datetime) -> bool:
        """Record the progress and expiry of an open request; return False if the request is not open."""

    def close(self, digest: str, now: datetime) -> bool:
        """Mark a request as answered in one statement; return False if it was already answered or has expired."""
