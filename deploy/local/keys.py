"""The secrets of an installation, generated once and readable only by their owner."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from deploy.redis.acl import ADMIN, acl_file, roles

if TYPE_CHECKING:
    from pathlib import Path

SECRET_BYTES = 48
KEY_SETS = ("seal_public", "seal_private", "sign_public", "sign_private")


def make_secrets(keys: Path, redis: Path, *, stream: str, redis_admin: bool = False) -> None:
    """Generate missing secrets in both directories, and rewrite Redis' ACL file.

    `redis_admin` enables the administrator of Redis.
    """
    for directory in (keys, redis):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
    for name in ("secret_keys", "audit_keys"):
        _write_if_missing(keys / name, secrets.token_urlsafe(SECRET_BYTES))
    if not (keys / "oidc_keys.json").exists():
        _write_signing_keys(keys / "oidc_keys.json")
    if not all((keys / f"mail_{name}.json").exists() for name in KEY_SETS):
        _write_mail_keys(keys)
    users = (*roles(), ADMIN)
    for user in users:
        _write_if_missing(redis / f"{user}.password", secrets.token_urlsafe(24))
    passwords = {user: password_of(redis, user) for user in users}
    _write(redis / "users.acl", acl_file(passwords, stream, admin=redis_admin))


def _write_signing_keys(path: Path) -> None:
    from identity.adapters.clock import SystemClock
    from identity.adapters.jose.signing_keys import new_signing_keys

    _write(path, new_signing_keys(SystemClock().now()))


def _write_mail_keys(keys: Path) -> None:
    from port_events.keys import new_key_sets

    made = new_key_sets()
    for name in KEY_SETS:
        _write(keys / f"mail_{name}.json", getattr(made, name))


def password_of(redis: Path, role: str) -> str:
    return (redis / f"{role}.password").read_text()


def write_secret(path: Path, text: str) -> Path:
    """Write a file atomically that only its owner can read; return its path."""
    _write(path, text)
    return path


def _write_if_missing(path: Path, text: str) -> None:
    if not path.exists():
        _write(path, text)


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(f"{path.suffix}.new")
    temporary.unlink(missing_ok=True)  # of a killed process; it may have other permissions
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)
