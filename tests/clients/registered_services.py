"""Services that the operators' commands register, and their processes."""

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
"""Spring needs 10 s of CPU time to start, and the machine may be busy."""


def new_url() -> str:
    """Return a service's address on another host than identity's, because all ports of a host share cookies."""
    return f"http://localhost:{free_port()}"


def register(
    identity: Installation, *options: str, scopes: tuple[str, ...] = ("profile", "company")
) -> Service:
    """Register a service with the commands of the guide."""
    name = f"pass-{unique()}"
    secret = identity_command(identity, "clients", "add", name).strip()
    of_scopes = [part for scope in scopes for part in ("--scope", scope)]
    identity_command(identity, "clients", "oidc", name, "--name", "通行證系統", *of_scopes, *options)
    return Service(name, secret)


def identity_command(identity: Installation, *arguments: str) -> str:
    """Run a command of identity; return its output."""
    done = run_preloaded("identity", *arguments, environment=identity.environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def built(name: str) -> Path:
    """Return a program that `make clients` builds; skips the test if it is missing."""
    path = BUILT / name
    if not path.exists():
        pytest.skip(f"{name} is missing, so its login was not tested (`make clients` shows the reason)")
    return path


def wait_for(program: Program, url: str) -> None:
    """Wait until a service listens. Raises AssertionError with its output if the program ends before."""

    def listens() -> bool:
        assert program.running, f"`{program.command}` ended:\n{program.output}"
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, trust_env=False, verify=NO_TLS)
            return True
        return False

    wait_until(listens, what=f"{url} to answer", timeout_seconds=START_SECONDS)
