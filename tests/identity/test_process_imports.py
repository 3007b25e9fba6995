"""Processes do not import large modules that they do not use: imports take most of their memory and start time."""

import json
import subprocess
import sys

import pytest

UNUSED = {
    "import identity.processes.web_server.gunicorn_server": {"redis"},
    "from identity.cli.relay import relay; relay.callback()": {
        "argon2", "cryptography", "email_validator", "flask", "joserfc", "opentelemetry.sdk", "sqlalchemy.orm",
        "zxcvbn",
    },
    "import identity.processes.notify": {"argon2", "email_validator", "flask", "redis", "zxcvbn"},
}  # fmt: skip
_PROGRAM = """
import json, sys
from contextlib import suppress
from port_runtime.settings import SettingsError
with suppress(SettingsError):
    {start}
print(json.dumps(list(sys.modules)))
"""


@pytest.mark.parametrize("start", UNUSED)
def test_a_process_does_not_import_large_modules_that_it_does_not_use(start: str) -> None:
    program = [sys.executable, "-c", _PROGRAM.format(start=start)]

    done = subprocess.run(program, capture_output=True, text=True, check=True, env={})

    imported = set(json.loads(done.stdout))
    assert (UNUSED[start] & imported, "port_runtime.metrics" in imported) == (set(), True)


def test_the_help_of_a_group_of_commands_does_not_import_the_database() -> None:
    program = (
        "import sys; from identity.cli import main; main(['accounts', '--help'], standalone_mode=False); "
    )
    program += "print('sqlalchemy' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={})

    assert done.stdout.splitlines()[-1] == "False"
