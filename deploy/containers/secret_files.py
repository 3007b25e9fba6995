"""Generates the secrets of a containerized installation, with a directory per process and a file per secret.

    python -m deploy.containers.secret_files DIRECTORY [--give] [--redis-admin=on]

Existing secrets are kept, but copies that a process no longer needs are deleted. URLs, Redis' ACL file and the SQL of
PostgreSQL's roles are always rewritten. `--give` requires root and makes the user of each container the owner of its
files. `--redis-admin=on` enables the administrator of Redis. The server names are those of docker-compose.yml and of
the Kubernetes overlay `local`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

from identity.adapters.sql.roles import roles_script

from deploy.local.keys import PASSWORD_BYTES, make_secrets, password_of, stored_secret, write_secret
from deploy.redis.acl import roles

if TYPE_CHECKING:
    from collections.abc import Mapping

SERVICE_USER: Final = 10001  # in the images of both services
SERVER_USER: Final = 999  # in the images of Redis and PostgreSQL
STREAM: Final = "identity.events"
DATABASE_ROLES: Final = {
    "identity": "identity_web",
    "relay": "identity_relay",
    "notify": "identity_notify",
    "tidy": "identity_tidy",
    "migrate": "identity_migrate",
}


def main(root: Path, *, give: bool, redis_admin: bool = False) -> None:
    kept = root / "kept"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make(kept, redis_admin=redis_admin)
    shares = _shares(kept)
    known = {file.name for _, files in shares.values() for file in files}
    for name, (user, files) in shares.items():
        (root / name).mkdir(exist_ok=True)
        for file in files:
            owner = user if give else None
            write_secret(root / name / file.name, file.read_text(), mode=0o400, owner=owner)
        for other in known - {file.name for file in files}:  # other files belong to the operator
            (root / name / other).unlink(missing_ok=True)


def _make(kept: Path, *, redis_admin: bool) -> None:
    """Generate missing secrets in `kept`, which only this program reads; rewrite what is made from them."""
    make_secrets(kept / "keys", kept / "redis", stream=STREAM, redis_admin=redis_admin)
    stored_secret(kept / "postgres_password", PASSWORD_BYTES)
    passwords = {
        role: stored_secret(kept / f"{role}.password", PASSWORD_BYTES) for role in DATABASE_ROLES.values()
    }
    write_secret(kept / "roles.sql", roles_script() + _passwords_script(passwords))
    for process, role in DATABASE_ROLES.items():
        directory = kept / "databases" / process
        directory.mkdir(parents=True, exist_ok=True)
        url = f"postgresql+psycopg://{role}:{passwords[role]}@postgres:5432/identity"
        write_secret(directory / "database_url", url)
    for role in roles():
        write_secret(kept / f"{role}_url", f"redis://{role}:{password_of(kept / 'redis', role)}@redis:6379/0")


def _passwords_script(passwords: Mapping[str, str]) -> str:
    """Return SQL that sets the passwords, without a copy in the server's log."""
    settings = ["SET log_statement = 'none'", "SET log_min_error_statement = 'panic'"]
    statements = [f"ALTER ROLE {role} PASSWORD '{password}'" for role, password in passwords.items()]
    return "".join(f"{each};\n" for each in (*settings, *statements))


def _shares(kept: Path) -> dict[str, tuple[int, list[Path]]]:
    """Return the user and the required files of each process."""
    keys, redis = kept / "keys", kept / "redis"
    database = {process: kept / "databases" / process / "database_url" for process in DATABASE_ROLES}
    identity = [keys / "secret_keys", keys / "mail_seal_public.json", keys / "mail_sign_private.json"]
    audit = keys / "audit_keys"
    mailer = [kept / "mailer_url", keys / "mail_seal_private.json", keys / "mail_sign_public.json"]
    return {
        "identity": (SERVICE_USER, [database["identity"], *identity, keys / "oidc_keys.json"]),
        "migrate": (SERVICE_USER, [database["migrate"]]),
        "relay": (SERVICE_USER, [database["relay"], kept / "relay_url", audit]),
        "notify": (SERVICE_USER, [database["notify"], keys / "oidc_keys.json"]),
        "tidy": (SERVICE_USER, [database["tidy"], audit]),
        "mailer": (SERVICE_USER, mailer),
        "scaler": (SERVICE_USER, [redis / "scaler.password"]),
        "redis": (SERVER_USER, [redis / "users.acl"]),
        "postgres": (SERVER_USER, [kept / "postgres_password"]),
        "roles": (SERVER_USER, [kept / "postgres_password", kept / "roles.sql"]),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--give", action="store_true")
    parser.add_argument("--redis-admin", choices=("on", "off"), default="off")
    arguments = parser.parse_args()
    main(arguments.directory, give=arguments.give, redis_admin=arguments.redis_admin == "on")
