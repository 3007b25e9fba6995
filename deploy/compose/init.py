"""Make the secrets of the containers once, each service's in a volume of its own, before anything starts."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from pathlib import Path

from deploy.local.keys import make_secrets, password_of, write_secret

IDENTITY = MAILER = 10001  # the users of the images
REDIS = POSTGRES = 999
STREAM = "identity.events"


def main(root: Path) -> None:
    """Fill the volumes below `root`; what is there stays."""
    kept = root / "kept"
    make_secrets(kept / "keys", kept / "redis", stream=STREAM)
    if not (kept / "postgres").exists():
        write_secret(kept / "postgres", secrets.token_urlsafe(24))
    database = f"postgresql+psycopg://identity:{(kept / 'postgres').read_text()}@postgres:5432/identity"
    for role in ("relay", "mailer"):
        write_secret(kept / f"{role}_url", f"redis://{role}:{password_of(kept / 'redis', role)}@redis:6379/0")
    write_secret(kept / "database_url", database)
    keys = kept / "keys"
    own = [keys / "secret_keys", keys / "mail_seal_public.json", keys / "mail_sign_private.json"]
    _give(root / "identity", IDENTITY, [*own, kept / "database_url"])
    _give(root / "relay", IDENTITY, [keys / "audit_keys", kept / "database_url", kept / "relay_url"])
    theirs = [keys / "mail_seal_private.json", keys / "mail_sign_public.json", kept / "mailer_url"]
    _give(root / "mailer", MAILER, theirs)
    _give(root / "redis", REDIS, [kept / "redis" / "users.acl"])
    _give(root / "postgres", POSTGRES, [kept / "postgres"])


def _give(volume: Path, user: int, files: list[Path]) -> None:
    for file in files:
        copy = volume / file.name
        shutil.copyfile(file, copy)
        copy.chmod(0o400)
        os.chown(copy, user, user)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
