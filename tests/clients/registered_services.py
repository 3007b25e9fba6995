"""Registers services with the operators' commands, and waits for the services' processes."""

import contextlib
from pathlib import Path

import httpx
import pytest

from tests.support import ROOT
from tests.support.actors.people import NO_TLS, unique
from tests.support.actors.service_clients import Service
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import Program, run_preloaded
from tests.support.servers.ports import free_port

FOLDER = ROOT / "tests/clients"
BUILT = ROOT / ".venv/clients"
START_SECONDS = 180.0
"""Enough for Spring, which needs 10 s of CPU time to start, on a busy machine."""


def new_url() -> str:
    """Return a service's URL on another host than identity's (127.0.0.1), because all ports of a host share cookies."""
    return f"http://localhost:{free_port()}"


def register(
    identity: Installation, *options: str, scopes: tuple[str, ...] = ("profile", "company")
) -> Service:
    """Register a service with `identity clients add` and `identity clients oidc`, with these options of the latter."""
    name = f"pass-{unique()}"
    secret = identity_command(identity, "clients", "add", name).strip()
    scope_options = [part for scope in scopes for part in ("--scope", scope)]
    identity_command(identity, "clients", "oidc", name, "--name", "通行證系統", *scope_options, *options)
    return Service(name, secret)


def identity_command(identity: Installation, *arguments: str) -> str:
    """Run a command of identity; return its output. Raises AssertionError with its errors if it fails."""
    done = run_preloaded("identity", *arguments, environment=identity.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(name: str) -> Path:
    """Return a program that `make clients` builds; skip the test if it is missing."""
    path = BUILT / name
    if not path.exists():
        pytest.skip(f"{name} is missing, so its login was not tested (`make clients` shows the reason)")
    return path


def wait_for(program: Program, url: str) -> None:
    """Wait until a service answers. Raises AssertionError on timeout, or if the program ends before."""

    def listens() -> bool:
        assert program.running, f"`{program.command}` ended:\n{program.output}"
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, trust_env=False, verify=NO_TLS)
            return True
        return False

    wait_until(listens, what=f"{url} to answer", timeout_seconds=START_SECONDS)
