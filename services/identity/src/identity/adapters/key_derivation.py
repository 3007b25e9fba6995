"""Derives the key for each purpose from the configured secrets."""

import hmac
from collections.abc import Sequence

from port_runtime.secret import Secret

from identity.domain.audit_chain import ChainKeys

AUDIT_PURPOSE = "audit-chain"


def derive(secret: Secret, purpose: str) -> bytes:
    """Derive the key for one purpose: the first block of HKDF's output, with SHA-256 and no salt (RFC 5869).

    Uses only the standard library, because importing `cryptography` would take a tenth of the relay's memory.
    """
    extracted = hmac.digest(b"", secret.reveal().encode(), "sha256")
    return hmac.digest(extracted, f"identity:{purpose}\1".encode(), "sha256")


def chain_keys(secrets: Sequence[Secret] | None) -> ChainKeys | None:
    """Return the keys of the audit log's chain, or None without secrets (SEC-11)."""
    return ChainKeys([derive(each, AUDIT_PURPOSE) for each in secrets]) if secrets else None
