"""Stored authorization requests, pushed or not (OIDC-4, OIDC-12)."""

from datetime import datetime
from typing import Protocol

from identity.domain.pending_authorization_request import PendingRequest, Progress


class PendingRequests(Protocol):
    def add(self, request: PendingRequest) -> None: ...

    def get(self, digest: str) -> PendingRequest | None:
        """Return a request, even if it has expired or was answered."""

    def advance(self, digest: str, progress: Progress, *, now: datetime, expires_at: datetime) -> bool:
        """Record the progress and a new expiry; return False if the request was answered or has expired."""

    def close(self, digest: str, now: datetime) -> bool:
        """Mark a request as answered in one statement; return False if it was already answered or has expired."""
