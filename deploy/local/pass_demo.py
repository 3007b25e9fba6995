"""The sample port service of `make run DEMO=1`: files, environment, and registration as a client."""

from __future__ import annotations

import secrets
import subprocess
from typing import TYPE_CHECKING

from deploy.local.keys import write_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deploy.local.environment import RunPaths

NAME = "pass-demo"
TITLE = "通行證作業（示範）"
SCOPES = ("profile", "company", "actor", "pass:apply", "pass:query", "pass:print")
REFRESH_SECONDS = 2
"""The page reloads itself after this time, so that a person sees the end of the login."""


def links(paths: RunPaths) -> dict[str, str]:
    """Return the settings that link the service in the portal."""
    url = f"{paths.pass_demo_url}/login?to="
    return {f"IDENTITY_PASS_{task.upper()}_URL": url + task for task in ("apply", "query", "print")}


def environment(paths: RunPaths, issuer: str) -> dict[str, str]:
    folder = _folder(paths)
    return {
        "PASS_DEMO_PORT": str(paths.settings.pass_demo_port),
        "PASS_URL": paths.pass_demo_url,
        "PASS_CLIENT_ID": NAME,
        "PASS_CLIENT_SECRET_FILE": str(folder / "client_secret"),
        "PASS_COOKIE_KEY_FILE": str(folder / "cookie_key"),
        "PASS_DATABASE": str(folder / "logins.sqlite"),
        "PASS_REFRESH_SECONDS": str(REFRESH_SECONDS),
        "IDENTITY_URL": issuer,
    }


def register(paths: RunPaths, environ: Mapping[str, str]) -> int:
    """Register the service by identity's commands, run in `environ`, and write its secrets; return an exit code."""
    folder = _folder(paths)
    folder.mkdir(exist_ok=True)
    write_secret(folder / "cookie_key", secrets.token_urlsafe(48))
    secret, url = folder / "client_secret", paths.pass_demo_url
    ways = [
        f"--redirect-uri={url}/callback",
        f"--post-logout-uri={url}/",
        f"--backchannel-uri={url}/backchannel-logout",
    ]
    options = [f"--name={TITLE}", *ways, *(f"--scope={scope}" for scope in SCOPES)]
    if secret.exists() and _clients(environ, "oidc", NAME, *options).returncode == 0:
        return 0
    added = _clients(environ, "add", NAME, "--right", "tokens:introspect")
    if added.returncode:  # the client exists; it gets a new secret
        added = _clients(environ, "rotate", NAME)
    write_secret(secret, added.stdout)
    done = _clients(environ, "oidc", NAME, *options)
    print(done.stderr, end="")
    return done.returncode


def _clients(environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["identity", "clients", *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


def _folder(paths: RunPaths) -> Path:
    return paths.settings.root / NAME
