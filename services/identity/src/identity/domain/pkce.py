"""Proof Key for Code Exchange with S256 (RFC 7636)."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def is_verified(challenge: str | None, verifier: str | None) -> bool:
    """Return whether the verifier matches the challenge. Both may be absent, but not only one (RFC 9700 4.8.2)."""
    if challenge is None or verifier is None:
        return challenge is verifier
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    computed = urlsafe_b64encode(digest).rstrip(b"=").decode()
    return _VERIFIER.fullmatch(verifier) is not None and hmac.compare_digest(challenge, computed)
