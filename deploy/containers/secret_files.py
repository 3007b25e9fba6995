"""Generate the secrets of a containerized installation: a directory per process, a file per secret.

    python -m deploy.containers.secret_files DIRECTORY [--give]

Existing secrets stay; Redis' ACL file is always rewritten from deploy/local/redis_acl.py. `--give` requires root and
makes the user of each container the owner of its files. The server names are those of docker-compose.yml and of the
Kubernetes overlay `local`.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Final

from deploy.local.keys import make_secrets, password_of, write_secret
from deploy.local.redis_acl import roles

SERVICE_USER: Final = 10001  # in the images of both services
SERVER_USER: Final = 999  # in the images of Redis and PostgreSQL
STREAM: Final = "identity.events"
PASSWORD_OCTETS: Final = 24


def main(root: Path, *, give: bool) -> None:
    """Write the secrets into the directories under `root`."""
    kept = root / "kept"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make(kept)
    for name, (user, files) in _shares(kept).items():
        for file in files:
            _put(file, root / name, user if give else None)


def _make(kept: Path) -> None:
    """Generate all secrets in the directory that only this program reads."""
    make_secrets(kept / "keys", kept / "redis", stream=STREAM)
    if not (kept / "postgres_password").exists():
        write_secret(kept / "postgres_password", secrets.token_urlsafe(PASSWORD_OCTETS))
    password = (kept / "postgres_password").read_text()
    write_secret(kept / "database_url", f"postgresql+psycopg://identity:{password}@postgres:5432/identity")
    for role in roles():
        write_secret(kept / f"{role}_url", f"redis://{role}:{password_of(kept / 'redis', role)}@redis:6379/0")


def _shares(kept: Path) -> dict[str, tuple[int, list[Path]]]:
    """Return the user of each process and the files that it needs."""
    keys, redis, database = kept / "keys", kept / "redis", kept / "database_url"
    identity = [
        database, keys / "secret_keys", keys / "mail_seal_public.json", keys / "mail_sign_private.json",
    ]  # fmt: skip
    audit = keys / "audit_keys"
    mailer = [kept / "mailer_url", keys / "mail_seal_private.json", keys / "mail_sign_public.json"]
    return {
        "identity": (SERVICE_USER, identity),
        "migrate": (SERVICE_USER, [database]),
        "relay": (SERVICE_USER, [database, kept / "relay_url", audit]),
        "tidy": (SERVICE_USER, [*identity, audit]),
        "mailer": (SERVICE_USER, mailer),
        "scaler": (SERVICE_USER, [redis / "scaler.password"]),
        "redis": (SERVER_USER, [redis / "users.acl"]),
        "postgres": (SERVER_USER, [kept / "postgres_password"]),
    }


def _put(file: Path, directory: Path, user: int | None) -> None:
    """Copy a file atomically: readers see either the old version or the new one."""
    directory.mkdir(exist_ok=True)
    beside = directory / f".{file.name}.new"
    beside.unlink(missing_ok=True)
    beside.touch(mode=0o600)
    beside.write_bytes(file.read_bytes())
    beside.chmod(0o400)
    if user is not None:
        os.chown(beside, user, user)
    beside.replace(directory / file.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), give="--give" in sys.argv[2:])
