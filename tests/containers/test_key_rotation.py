"""The runbook's commands that rotate keys in Compose, with a stand-in for `docker` that runs them here."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.containers.secret_files import main as make_secret_files
from tests.support import ROOT
from tests.support.harness.processes import executable

DOCKER = """
docker() {{
  case "$2" in
    run) sh -euc "${{@: -1}}" ;;
    up)
      {python} -m deploy.containers.secret_files {secrets}
      cp {secrets}/identity/mail_seal_public.json {secrets}/at-$6
      ;;
  esac
}}
"""


def keys_of(path: Path) -> list[str]:
    return [key["kid"] for key in json.loads(path.read_text())["keys"]]


@pytest.mark.rule("SEC-4")
def test_the_runbook_rotates_the_keys_that_seal_mails(tmp_path: Path) -> None:
    make_secret_files(tmp_path, give=False)
    private, public = tmp_path / "mailer/mail_seal_private.json", tmp_path / "identity/mail_seal_public.json"
    old = keys_of(private)
    _, *parts = (ROOT / "deploy/runbook.md").read_text().split("test_key_rotation.py runs this block")
    blocks = [part.partition("```sh\n")[2].partition("```")[0] for part in parts]
    functions, kept, rotation = blocks[0].partition("kept '")

    _run(functions + kept + rotation, tmp_path)

    new, *others = keys_of(private)
    assert (
        others == old == keys_of(tmp_path / "at-mailer")
    )  # the mailers have the new key before identity uses it
    assert keys_of(public) == [new, *old]

    _run(functions + blocks[1], tmp_path)

    assert keys_of(private) == keys_of(public) == [new]
    assert {path.name for path in (tmp_path / "kept/keys").glob("*new*")} == set()


def _run(commands: str, secrets: Path) -> None:
    here = commands.replace("/secrets/kept", str(secrets / "kept"))
    stand_in = DOCKER.format(python=sys.executable, secrets=secrets)
    path = f"{Path(executable('identity')).parent}:{os.environ['PATH']}"
    subprocess.run(["bash", "-euc", stand_in + here], cwd=ROOT, check=True, env={**os.environ, "PATH": path})
