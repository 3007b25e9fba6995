"""Runs the READMEs' commands against a running system."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from tests.support import ROOT

_IDENTITY, _EVENTS = ROOT / "services/identity/README.md", ROOT / "shared/events/README.md"
_MANUAL = (_IDENTITY, "## API walkthrough")
_FEED = (_EVENTS, "## Catching up over HTTP")
_ADMIN = (_IDENTITY, "## Admin API")
_SERVICE_ANSWERS = 4
_SECONDS = 240
STATES = [
    "email_unverified", "active",
    "email_unverified", "active", "email_unverified", "active", "verified", "verified",
    "verified", "none", "active", "active",
]  # fmt: skip


def walk_api(*, api: str, mails: str) -> None:
    """Run identity's API walkthrough, and check the statuses and rights in its answers."""
    answers = run_sections(_MANUAL, API=api, MAILS=mails)

    assert [answer["status"] for answer in answers if "rights" not in answer] == STATES
    assert ["pass:apply", "pass:query", "pass:print"] in [answer.get("rights") for answer in answers]


def walk_service_apis(*, api: str, mails: str, cwd: Path) -> list[dict[str, Any]]:
    """Run the API walkthrough and the commands for other services; return the answers to the latter."""
    return run_sections(_MANUAL, _FEED, _ADMIN, API=api, MAILS=mails, cwd=cwd)[-_SERVICE_ANSWERS:]


def run_sections(
    *sections: tuple[Path, str], cwd: Path | None = None, **environment: str
) -> list[dict[str, Any]]:
    """Run the sections' commands in order, as printed; return their JSON answers.

    Raises AssertionError if a command writes to standard error or gets a problem document.
    """
    done = subprocess.run(
        ["bash", "-u"],
        input="\n".join(map(_commands, sections)),
        env={**os.environ, **environment},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.stderr == ""
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [answer for answer in answers if str(answer.get("type", "")).startswith("urn:")] == []
    return answers


def _commands(section: tuple[Path, str]) -> str:
    readme, heading = section
    text = readme.read_text().partition(f"\n{heading}\n")[2]
    assert text, heading
    return "\n".join(re.findall(r"```sh\n(.*?)```", re.split(r"\n##+ ", text)[0], re.DOTALL))
