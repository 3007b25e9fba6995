"""The README's walk through the manual, as printed, against a running system."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

_README = Path(__file__).parents[2] / "README.md"
_MANUAL = "## The manual's way, by curl"
_FEED = "### Catching up over HTTP"
_OPERATING = "## Operating it"
_OF_SERVICES = 4
_SECONDS = 90
STATES = [
    "email_unverified", "active",
    "email_unverified", "active", "email_unverified", "active", "verified", "verified",
    "verified", "none", "active", "active",
]  # fmt: skip


def walk(*, api: str, mails: str) -> None:
    """Walk it; AssertionError where an answer is not what the README says."""
    answers = answers_to(_MANUAL, API=api, MAILS=mails)

    assert [answer["status"] for answer in answers if "rights" not in answer] == STATES
    assert ["pass:apply", "pass:query", "pass:print"] in [answer.get("rights") for answer in answers]


def walk_of_services(*, api: str, mails: str, cwd: Path) -> list[dict[str, Any]]:
    """After the manual's walk, do what is printed for other services beside `make run`; return the answers."""
    return answers_to(_MANUAL, _FEED, _OPERATING, API=api, MAILS=mails, cwd=cwd)[-_OF_SERVICES:]


def answers_to(*sections: str, cwd: Path | None = None, **environment: str) -> list[dict[str, Any]]:
    """Run the sections' commands as they are printed, one after the other; AssertionError where one is refused."""
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


def _commands(section: str) -> str:
    text = _README.read_text().partition(f"\n{section}\n")[2]
    assert text, section
    return "\n".join(re.findall(r"```sh\n(.*?)```", re.split(r"\n##+ ", text)[0], re.DOTALL))
