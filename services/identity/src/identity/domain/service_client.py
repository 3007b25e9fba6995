"""A service client: another service, with named rights and a secret that can be rotated (SEC-12)."""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

Scope = Literal["events:read", "accounts:admin", "clients:manage", "tokens:introspect"]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")


class ClientError(Exception):
    """A command or request about a client is refused; the message gives the reason in one line."""


class UnknownClientError(ClientError):
    pass


class RevokedClientError(ClientError):
    pass


@dataclass(frozen=True, slots=True)
class Secrets:
    """The digests of a client's secrets. `digest` is None once the client is revoked."""

    digest: str | None
    former_digest: str | None
    former_ends_at: datetime | None

    def accept(self, digest: str, now: datetime) -> bool:
        """Return whether a secret with this digest is valid, in constant time."""
        is_current = hmac.compare_digest(self.digest or "", digest)
        is_former = hmac.compare_digest(self.former_digest or "", digest)
        return is_current or (is_former and self.former_ends_at is not None and now < self.former_ends_at)


@dataclass(eq=False, kw_only=True)
class ServiceClient:
    """A service client. Its current and former secrets are stored only as digests."""

    name: str
    rights: list[Scope]
    created_at: datetime
    digest: str | None
    rotated_at: datetime
    former_digest: str | None = None
    former_ends_at: datetime | None = None
    revoked_at: datetime | None = None

    def accepts(self, digest: str, now: datetime) -> bool:
        """Return whether a secret with this digest is valid, in constant time."""
        secrets = Secrets(self.digest, self.former_digest, self.former_ends_at)
        return secrets.accept(digest, now) and self.revoked_at is None

    def has_former(self, now: datetime) -> bool:
        return self.former_ends_at is not None and now < self.former_ends_at

    def rotate(self, digest: str, *, overlap: timedelta, now: datetime) -> None:
        """Set a new secret; the current one stays valid for `overlap`. Raises ClientError if a former one is valid."""
        if self.has_former(now):
            raise ClientError(
                "the old secret is still valid; end it first: identity clients rotate NAME --end-old"
            )
        self.former_digest, self.former_ends_at = self.digest, now + overlap
        self.digest, self.rotated_at = digest, now

    def end_former(self) -> None:
        self.former_digest = self.former_ends_at = None

    def revoke(self, now: datetime) -> None:
        """Revoke the client permanently. Its name is not reused, because logs refer to it."""
        self.end_former()
        self.digest = None
        self.revoked_at = now


def is_name(raw: str) -> bool:
    """Return whether a client can have this name: 2 to 40 lower-case letters, digits or `-`, starting with a letter."""
    return _NAME.fullmatch(raw) is not None


def parse_name(raw: str) -> str:
    """Return a client's name. Raises ClientError."""
    if not is_name(raw):
        raise ClientError("a name has 2 to 40 lower-case letters, digits or -, and begins with a letter")
    return raw


def digest_of(secret: str) -> str:
    """Return the digest by which a secret, code, token or request id is stored.

    SHA-256 suffices, because 256 random bits cannot be guessed. A slow hash would delay every request.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
