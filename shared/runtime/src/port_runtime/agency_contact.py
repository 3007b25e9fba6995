"""The agency that people can contact, shown in the footer of every page and mail (OPS-8)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """The agency's contact details and statements; unset fields are not shown."""

    name: str | None = None
    phone: str | None = None
    mailbox: str | None = None
    hours: str | None = None
    privacy_url: str | None = None
    accessibility_url: str | None = None

    @property
    def phone_url(self) -> str:
        """The `tel:` URL of the phone number, without an extension."""
        number, _, _ = (self.phone or "").partition("#")
        return f"tel:{''.join(char for char in number if char.isdigit() or char == '+')}"
