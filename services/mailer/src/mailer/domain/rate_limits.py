"""How many mails an hour one receiving domain is sent (MAIL-5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mailer.domain.mail import ascii_domain

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL_OTHERS: Final = "*"


@dataclass(frozen=True, slots=True)
class DomainRateLimits:
    """Mails in any 60 minutes by domain; `*` is for every domain that is not named, each for itself."""

    by_domain: Mapping[str, int] = field(default_factory=dict)

    def of(self, domain: str) -> int | None:
        """Return the domain's ceiling; None when there is none."""
        return self.by_domain.get(plain_domain(domain), self.by_domain.get(ALL_OTHERS))


def plain_domain(domain: str) -> str:
    """Return the one form of a domain: in ASCII, small letters, without a last dot."""
    return ascii_domain(domain).lower().rstrip(".")
