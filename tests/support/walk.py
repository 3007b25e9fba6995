"""The README's walk through the manual, as printed, against a running system."""

import json
import os
import re
import subprocess
from pathlib import Path

_README = Path(__file__).parents[2] / "README.md"
_SECONDS = 90
STATES = [
    "email_unverified", "active",
    "email_unverified", "active", "email_unverified", "active", "verified", "verified",
    "verified", "none", "active", "active",
]  # fmt: skip


def walk(*, api: str, mails: str) -> None:
    """Walk it; AssertionError where an answer is not what the README says."""
    done = subprocess.run(
        ["bash", "-u"],
        input=_script(),
        env={**os.environ, "API": api, "MAILS": mails},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )

    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.stderr == ""
    assert [answer for answer in answers if answer.get("type", "").startswith("urn:")] == []
    assert [answer["status"] for answer in answers if "rights" not in answer] == STATES
    assert ["pass:apply", "pass:query", "pass:print"] in [answer.get("rights") for answer in answers]


def _script() -> str:
    section = _README.read_text().partition("## The manual's way, by curl")[2].partition("\n## ")[0]
    return "\n".join(re.findall(r"```sh\n(.*?)```", section, re.DOTALL))
