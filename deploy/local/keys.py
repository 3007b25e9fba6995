"""The secrets of an installation, generated once and readable only by their owner."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from deploy.redis.acl import ADMIN, acl_file, roles

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 48
PASSWORD_BYTES = 24
KEY_SETS = ("seal_public", "seal_private", "sign_public", "sign_private")


def make_secrets(keys: Path, redis: Path, *, stream: str, redis_admin: bool = False) -> None:
    """Generate missing secrets in both directories, and rewrite Redis' ACL file.

    `redis_admin` enables the administrator of Redis.
    """
    for directory in (keys, redis):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
    for name in ("secret_keys", "audit_keys"):
        stored_secret(keys / name, SECRET_BYTES)
    if not (keys / "oidc_keys.json").exists():
        _write_signing_keys(keys / "oidc_keys.json")
    if not all((keys / f"mail_{name}.json").exists() for name in KEY_SETS):
        _write_mail_keys(keys)
    users = (*roles(), ADMIN)
    passwords = {user: stored_secret(redis / f"{user}.password", PASSWORD_BYTES) for user in users}
    write_secret(redis / "users.acl", acl_file(passwords, stream, admin=redis_admin))


def _write_signing_keys(path: Path) -> None:
    from identity.adapters.clock import SystemClock
    from identity.adapters.jose.signing_keys import new_signing_keys

    write_secret(path, new_signing_keys(SystemClock().now()))


def _write_mail_keys(keys: Path) -> None:
    from port_events.keys import new_key_sets

    made = new_key_sets()
    for name in KEY_SETS:
        write_secret(keys / f"mail_{name}.json", getattr(made, name))


def password_of(redis: Path, role: str) -> str:
    return (redis / f"{role}.password").read_text()


def stored_secret(path: Path, random_bytes: int) -> str:
    """Return the secret in a file, which is generated if it is missing."""
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(random_bytes))
    return path.read_text()


def write_secret(path: Path, text: str, *, mode: int = 0o600, owner: int | None = None) -> None:
    """Write a file atomically: readers see either the old text or the new one. Only root can set the owner."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)  # of a killed process; it may have other permissions
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.chmod(mode)
    if owner is not None:
        os.chown(temporary, owner, owner)
    temporary.replace(path)
