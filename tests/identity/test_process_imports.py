"""Each process imports only what it uses: imports are most of its memory and of the time until it is ready."""

import json
import subprocess
import sys

import pytest

UNUSED = {
    "identity.processes.gunicorn_server": {"redis"},
    "identity.processes.relay": {"argon2", "email_validator", "flask", "joserfc", "sqlalchemy.orm", "zxcvbn"},
    "identity.processes.notify": {"argon2", "email_validator", "flask", "redis", "zxcvbn"},
}


@pytest.mark.parametrize("process", UNUSED)
def test_a_process_imports_only_what_it_uses(process: str) -> None:
    program = f"import json, sys, {process}; print(json.dumps(list(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert UNUSED[process] & set(json.loads(done.stdout)) == set()
