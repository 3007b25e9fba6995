"""The system in containers: docker-compose.yml under a unique project name. Needs a container engine."""

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.support import ROOT
from tests.support.harness.polling import wait_until
from tests.support.servers.ports import free_port

CLIENTS = {"docker compose": ("docker", "compose"), "docker-compose": ("docker-compose",)}
_START_SECONDS = 600
_HEALTHY_SECONDS = 240


def require_engine() -> None:
    available = _answers("docker", "info", "--format", "{{.ServerVersion}}")
    if not available:
        pytest.skip(
            "no container engine answers, so no container was tested (start Docker, or set DOCKER_HOST)"
        )


def require_client(name: str) -> Sequence[str]:
    """Return the command of a Compose client. Skips the test if the client is missing."""
    if not _answers(*CLIENTS[name], "version"):
        pytest.skip(f"`{name}` is missing, so the containers were not tested with this client")
    return CLIENTS[name]


def image_bytes(name: str) -> int:
    command = ["docker", "image", "inspect", "--format", "{{.Size}}", name]
    return int(subprocess.run(command, capture_output=True, check=True).stdout)


def _answers(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    try:
        return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    except subprocess.TimeoutExpired:  # a hanging daemon counts as missing
        return False


class Containers:
    """A copy of the system; `destroy` removes its containers, networks and volumes."""

    def __init__(self, client: Sequence[str], *overrides: Path) -> None:
        self._ports = {name: str(free_port()) for name in ("IDENTITY_PORT", "MAILBOX_PORT")}
        files = [argument for file in ("docker-compose.yml", *overrides) for argument in ("-f", str(file))]
        self._compose = [*client, "-p", f"port-{uuid4().hex[:8]}", *files]

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self._ports['IDENTITY_PORT']}/api/v1"

    @property
    def mails(self) -> str:
        """The URL of the list of mails."""
        return f"http://127.0.0.1:{self._ports['MAILBOX_PORT']}/api/v1/messages"

    def up(self, *arguments: str) -> None:
        """Start the containers with arguments of `compose up`; wait until each is healthy or has exited with 0."""
        self.run("up", "-d", *arguments, timeout=_START_SECONDS)
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        """Wait until each container is healthy or has exited with 0."""
        wait_until(self._all_healthy, what="healthy containers", timeout_seconds=_HEALTHY_SECONDS)

    def run(self, *arguments: str, timeout: float = 120) -> str:
        """Run the Compose client; return its output. Raises AssertionError if it fails."""
        done = subprocess.run(
            [*self._compose, *arguments],
            cwd=ROOT,
            env={**os.environ, **self._ports},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def execute(self, service: str, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the first container of a service."""
        container = next(iter(self.inspect(service)))["Id"]
        return subprocess.run(
            ["docker", "exec", container, *command], capture_output=True, text=True, timeout=60, check=False
        )

    def inspect(self, service: str) -> list[dict[str, Any]]:
        """Return the engine's data on each container of a service, including exited ones."""
        ids = self.run("ps", "-a", "-q", service).split()
        output = (
            subprocess.run(["docker", "inspect", *ids], capture_output=True, check=True).stdout
            if ids
            else b"[]"
        )
        found: list[dict[str, Any]] = json.loads(output)
        return found

    def services(self) -> list[str]:
        return self.run("config", "--services").split()

    def mail_count(self) -> int:
        """Return the number of mails that the mailbox has accepted."""
        with urllib.request.urlopen(self.mails, timeout=10) as answer:  # noqa: S310 - of loopback
            total: int = json.load(answer)["total"]
        return total

    def destroy(self) -> None:
        self.run("down", "-v", "--remove-orphans", "-t", "5")

    def _all_healthy(self) -> bool:
        return all(_is_healthy(each["State"]) for name in self.services() for each in self.inspect(name))


def _is_healthy(state: Mapping[str, Any]) -> bool:
    """Return whether a container is healthy or has exited with 0. Raises AssertionError for another exit code."""
    assert state["Status"] != "exited" or state["ExitCode"] == 0, state
    if not state["Running"]:
        return bool(state["ExitCode"] == 0)
    return bool(state.get("Health", {}).get("Status") == "healthy")
