"""The hourly limit of mails for each recipient domain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mailer.domain.mail import ascii_domain

if TYPE_CHECKING:
    from collections.abc import Mapping

ALL_OTHERS: Final = "*"


@dataclass(frozen=True, slots=True)
class DomainRateLimits:
    """The maximum number of mails in any 60 minutes, by domain; `*` applies to each domain that is not listed."""

    by_domain: Mapping[str, int] = field(default_factory=dict)

    def of(self, domain: str) -> int | None:
        """Return the domain's limit, or None if it has none."""
        return self.by_domain.get(normalize_domain(domain), self.by_domain.get(ALL_OTHERS))


def normalize_domain(domain: str) -> str:
    """Return the domain in ASCII and lower case, without a trailing dot."""
    return ascii_domain(domain).lower().rstrip(".")
