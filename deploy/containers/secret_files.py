"""Make the secrets of an installation in containers, once: a directory for each process, a file for each secret.

    python -m deploy.containers.secret_files DIRECTORY [--give]

What is there stays; Redis' rules are written anew, so that they follow deploy/local/acl.py. With `--give`, which wants
root, each file belongs to the user of its container. Names of servers are those of docker-compose.yml and of the
Kubernetes overlay `local`.
"""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Final

from deploy.local.acl import roles
from deploy.local.keys import make_secrets, password_of, write_secret

OURS: Final = 10001  # the user of both images
SERVERS: Final = 999  # redis and postgres in the images of these names
STREAM: Final = "identity.events"
PASSWORD_OCTETS: Final = 24


def main(root: Path, *, give: bool) -> None:
    """Fill the directories below `root`."""
    kept = root / "kept"
    _make(kept)
    for name, (user, files) in _shares(kept).items():
        for file in files:
            _put(file, root / name, user if give else None)


def _make(kept: Path) -> None:
    """Make everything in the directory that only this program reads."""
    make_secrets(kept / "keys", kept / "redis", stream=STREAM)
    if not (kept / "postgres_password").exists():
        write_secret(kept / "postgres_password", secrets.token_urlsafe(PASSWORD_OCTETS))
    password = (kept / "postgres_password").read_text()
    write_secret(kept / "database_url", f"postgresql+psycopg://identity:{password}@postgres:5432/identity")
    for role in roles():
        write_secret(kept / f"{role}_url", f"redis://{role}:{password_of(kept / 'redis', role)}@redis:6379/0")


def _shares(kept: Path) -> dict[str, tuple[int, list[Path]]]:
    """Return, for each process, the user and the files that it gets: what it needs and nothing besides."""
    keys, redis, database = kept / "keys", kept / "redis", kept / "database_url"
    identity = [
        database, keys / "secret_keys", keys / "mail_seal_public.json", keys / "mail_sign_private.json",
    ]  # fmt: skip
    audit = keys / "audit_keys"
    mailer = [kept / "mailer_url", keys / "mail_seal_private.json", keys / "mail_sign_public.json"]
    return {
        "identity": (OURS, identity),
        "migrate": (OURS, [database]),
        "relay": (OURS, [database, kept / "relay_url", audit]),
        "tidy": (OURS, [*identity, audit]),
        "mailer": (OURS, mailer),
        "scaler": (OURS, [redis / "scaler.password"]),
        "redis": (SERVERS, [redis / "users.acl"]),
        "postgres": (SERVERS, [kept / "postgres_password"]),
    }


def _put(file: Path, directory: Path, user: int | None) -> None:
    """Copy beside and move into place: whoever reads sees the old file or the new one, and needs no right on it."""
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
