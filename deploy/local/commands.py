"""Writes the commands `identity` and `mailer` with the settings of this copy, e.g. `.run/bin/identity`."""

from __future__ import annotations

import shlex
import stat
from typing import TYPE_CHECKING

from deploy.local.keys import write_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PROCESSES = {"identity": ("relay", "identity"), "mailer": ("mailer",)}
SETTINGS = ("IDENTITY_", "MAILER_", "MAIL_", "REDIS_URL")


def write_commands(directory: Path, programs: Path, environments: Mapping[str, Mapping[str, str]]) -> None:
    """Write a command for each service, which sets the settings of the service's PROCESSES."""
    directory.mkdir(exist_ok=True)
    for name, processes in PROCESSES.items():
        known = {key: value for process in processes for key, value in environments[process].items()}
        settings = {key: value for key, value in known.items() if key.startswith(SETTINGS)}
        write_secret(directory / name, _script(programs / name, settings), mode=stat.S_IRWXU)


def _script(program: Path, settings: Mapping[str, str]) -> str:
    exports = [f"export {name}={shlex.quote(value)}" for name, value in sorted(settings.items())]
    return "\n".join(["#!/bin/sh", *exports, f'exec {shlex.quote(str(program))} "$@"', ""])
