"""Rejected registrations (REV-3)."""

from typing import Protocol

from identity.domain.registration_rejection import Rejection


class Rejections(Protocol):
    def add(self, rejection: Rejection) -> None: ...

    def drop(self, account_id: str) -> None: ...
