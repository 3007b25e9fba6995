"""Tokens of mailed links and device cookies, and digests of session tokens, bind codes and counters."""

from collections.abc import Sequence
from typing import Protocol

from identity.domain.credential import DeviceOwner
from identity.domain.mail_link import Purpose
from identity.domain.rate_limits import Counter


class Tokens(Protocol):
    """Signed tokens, and digests that are stored instead of secrets and personal data (SEC-4, SEC-5, SEC-7)."""

    def link(self, purpose: Purpose, account_id: str, challenge: str) -> str:
        """Return the signed token of a mailed link."""

    def read_link(self, purpose: Purpose, token: str) -> tuple[str, str]:
        """Return the account id and challenge of a token. Raises LinkInvalid, LinkExpired."""

    def session_digest(self, token: str) -> str:
        """Return the digest with which a session's token is stored."""

    def code_digest(self, challenge: str, code: str) -> str:
        """Return the digest with which a bind code is stored, computed with the newest key."""

    def code_digests(self, challenge: str, code: str) -> Sequence[str]:
        """Return the digests of a bind code, one for each configured key."""

    def counter_keys(self, counter: Counter) -> Sequence[str]:
        """Return the database keys of a counter, one for each configured secret key, the newest first (SEC-19)."""

    def device(self, account: DeviceOwner) -> str:
        """Return a new device cookie of the account (SEC-3)."""

    def device_id(self, cookie: str | None, account: DeviceOwner) -> str | None:
        """Return the id in a device cookie.

        Returns None for a missing, invalid or expired cookie, and for one of another account or an older password.
        """
