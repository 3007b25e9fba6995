"""The content of a sealed part, in a module that can be imported without cryptography."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPayload:
    """A mail's recipient (`address` and `name`) and content, which `repr` does not show.

    The mail is not sent after `expires_at`.
    """

    event_id: str
    event_type: str
    address: str = field(repr=False)
    name: str = field(repr=False)
    issued_at: datetime
    expires_at: datetime
    content: Mapping[str, str] = field(repr=False)
