"""A bind code: six digits mailed to the general account (BIND-6, SEC-5)."""

import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from identity.domain.characters import to_half_width
from identity.domain.errors import CodeExhausted, CodeExpired, CodeWrong, InvalidValue

DIGITS = 6
LIFETIME = timedelta(hours=24)
MAX_TRIES = 5

_CODE = re.compile(rf"\d{{{DIGITS}}}", re.ASCII)


def parse_code(raw: str) -> str:
    """Return six ASCII digits. Full-width digits, spaces and hyphens are accepted. Raises InvalidValue."""
    code = "".join(to_half_width(raw).split()).replace("-", "")
    if not _CODE.fullmatch(code):
        raise InvalidValue("invalid_code")
    return code


@dataclass(eq=False, kw_only=True)
class BindCode:
    """The newest code of a binding. The keyed `digest` covers `challenge`, so older codes never match."""

    binding_id: str
    challenge: str
    digest: str = field(repr=False)
    issued_at: datetime
    tries: int = 0

    @property
    def expires_at(self) -> datetime:
        return self.issued_at + LIFETIME

    def check_open(self, now: datetime) -> None:
        """Raise CodeExpired, or CodeExhausted if no tries remain."""
        if now >= self.expires_at:
            raise CodeExpired
        if self.tries >= MAX_TRIES:
            raise CodeExhausted

    def check(self, digests: Iterable[str], *, tries: int) -> None:
        """Raise CodeWrong unless one of `digests` matches. `tries` includes this attempt."""
        if not any([hmac.compare_digest(self.digest, digest) for digest in digests]):  # noqa: C419  # a list compares all of them, in constant time
            raise CodeWrong(MAX_TRIES - tries)
