"""The content of a sealed part, in a module that can be imported without cryptography."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPayload:
    """The recipient and the content of a mail, which `repr` does not show."""

    event_id: str
    event_type: str
    address: str = field(repr=False)
    name: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    content: Mapping[str, str] = field(repr=False)
