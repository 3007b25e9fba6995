"""Bash completes the commands, their options and the values of options."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.rule("OPS-5"), pytest.mark.processes]

_PRESS_TAB = """
set -eu
eval "$(env "_${1^^}_COMPLETE=bash_source" "$1")"
registered=$(complete -p "$1")
[[ $registered =~ -F\\ ([^ ]+) ]]
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"${BASH_REMATCH[1]}" "$1"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("identity accounts resend", ["resend-mail"]),
        ("identity check --as n", ["notify"]),
        ("mailer dead ", ["drop", "list", "retry", "show"]),
    ],
)
def test_bash_completes_a_line_of_a_command(line: str, expected: list[str]) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    completed = subprocess.run(
        ["bash", "-c", _PRESS_TAB, "bash", *line.split(" ")],
        env={"PATH": path}, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert completed.split() == expected
