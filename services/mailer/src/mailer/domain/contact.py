"""The agency that people turn to, in the footer of every mail (OPS-8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The contact's details; empty ones are not shown."""

    name: str | None = None
    phone: str | None = None
    mailbox: str | None = None
    hours: str | None = None
    privacy_url: str | None = None
    accessibility_url: str | None = None


NOT_SET: Final = Contact()
