"""A service client: another service that asks, with named rights and secrets that take turns (SEC-12)."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

Scope = Literal["events:read", "accounts:admin", "tokens:introspect"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

OVERLAP = timedelta(days=7)
"""How long the old secret goes on beside the new one, unless the operator says otherwise."""

_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


class ClientError(Exception):
    """What an operator asked for cannot be; the message says why, in a line."""


@dataclass(eq=False, kw_only=True)
class ServiceClient:
    """A service that asks. Of its secrets only digests are kept: the present one's, and one that is on its way out."""

    name: str
    rights: list[Scope]
    created_at: datetime
    digest: str | None
    rotated_at: datetime
    former_digest: str | None = None
    former_ends_at: datetime | None = None
    revoked_at: datetime | None = None

    def accepts(self, digest: str, now: datetime) -> bool:
        """Tell whether a secret of this digest opens at this moment. Takes as long whatever is wrong."""
        lives = self.former_ends_at is not None and now < self.former_ends_at
        present = hmac.compare_digest(self.digest or "", digest)
        former = hmac.compare_digest(self.former_digest or "", digest)
        return self.revoked_at is None and (present or (former and lives))

    def has_former(self, now: datetime) -> bool:
        """Tell whether the old secret still opens."""
        return self.former_ends_at is not None and now < self.former_ends_at

    def rotate(self, digest: str, *, overlap: timedelta, now: datetime) -> None:
        """Put a new secret in place. Raises ClientError while two are live already: a third would cut one off."""
        if self.has_former(now):
            raise ClientError(
                "the old secret still lives; end it first: identity clients rotate NAME --end-old"
            )
        self.former_digest, self.former_ends_at = self.digest, now + overlap
        self.digest, self.rotated_at = digest, now

    def end_former(self) -> None:
        """End the old secret now."""
        self.former_digest = self.former_ends_at = None

    def revoke(self, now: datetime) -> None:
        """End the client for good; its name stays its own, since logs name it."""
        self.end_former()
        self.digest = None
        self.revoked_at = now


def parse_name(raw: str) -> str:
    """Read a client's name: 2 to 40 small letters, digits and `-`. Raises ClientError."""
    if not _NAME.fullmatch(raw):
        raise ClientError("a name has 2 to 40 small letters, digits or -, and begins with a letter")
    return raw


def digest_of(secret: str) -> str:
    """Return what is kept of a secret.

    Plain SHA-256 is right here, a password hash would not be: the secret is 256 random bits, which nobody finds by
    guessing however quick a guess is, and a service shows it with every request.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
