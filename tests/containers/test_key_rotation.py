"""The documented commands that rotate keys, run with stand-in programs.

Those for a cluster and for Compose are in the runbook, those for systemd in deploy/systemd/README.md.
"""

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
    run)
      case "${{@: -1}}" in
        secrets) {python} -m deploy.containers.secret_files {secrets} ;;
        *) sh -euc "${{@: -1}}" ;;
      esac
      ;;
    up)
      cp {secrets}/identity/mail_seal_public.json {secrets}/at-${{@: -1}}
      # Without `--wait` it succeeds even if the process exits at once.
      [[ "$*" != *" --wait "* || "${{@: -1}}" != "${{FAILS-}}" ]]
      ;;
  esac
}}
"""
KUBECTL = """
kubectl() {{
  case "$3" in
    create) cp -r "${{7#--from-file=}}" {secrets}/$6 ;;
    rollout)
      echo "$4 $5" >>{secrets}/rollouts
      [ "$4 $5" != "${{FAILS-}}" ]
      ;;
  esac
}}
"""
SYSTEMD = """
port() {{
  case "$2" in
    mailer) [ "$3" != "${{FAILS-}}" ] ;;
    *) MAIL_SEAL_PRIVATE_KEYS_FILE={private} "${{@:2}}" ;;
  esac
}}
systemctl() {{ echo "$2" >>{restarted}; }} # it succeeds even if the process exits at once
"""
MARK = "test_key_rotation.py runs this block"


def keys_of(path: Path) -> list[str]:
    return [key["kid"] for key in json.loads(path.read_text())["keys"]]


@pytest.fixture(scope="module")
def blocks() -> list[str]:
    """The runbook's command blocks: for a cluster, for Compose, and for the removal of old keys in Compose."""
    return _marked_blocks("deploy/runbook.md")


@pytest.mark.rule("SEC-4")
def test_the_runbook_rotates_the_keys_that_seal_mails_in_a_cluster(tmp_path: Path, blocks: list[str]) -> None:
    secrets = tmp_path / "port-secrets"
    make_secret_files(secrets, give=False)
    old = keys_of(secrets / "mailer/mail_seal_private.json")
    commands = blocks[0].replace(".venv/test/bin/identity", executable("identity"))

    code = _bash(KUBECTL.format(secrets=secrets) + commands, HOME=str(tmp_path))

    assert code == 0
    new, *others = keys_of(secrets / "mailer-secrets/mail_seal_private.json")
    assert others == old
    assert keys_of(secrets / "identity-secrets/mail_seal_public.json") == [new, *old]
    assert not _others_can_read(secrets / "mailer/mail_seal_private.json")
    assert [path.name for path in secrets.rglob("*new*")] == []
    # The mailers must have the new key before identity uses it.
    assert (secrets / "rollouts").read_text().split() == [
        "restart", "deployment/mailer", "status", "deployment/mailer",
        "restart", "deployment/identity", "status", "deployment/identity",
    ]  # fmt: skip


@pytest.mark.rule("SEC-4")
def test_a_failed_rotation_in_a_cluster_destroys_no_key(tmp_path: Path, blocks: list[str]) -> None:
    secrets = tmp_path / "port-secrets"
    make_secret_files(secrets, give=False)
    private = secrets / "mailer/mail_seal_private.json"
    old = keys_of(private)
    of_no_identity = blocks[0].replace(".venv/test/bin/identity", "/nonexistent/identity")
    commands = blocks[0].replace(".venv/test/bin/identity", executable("identity"))
    kubectl = KUBECTL.format(secrets=secrets)

    code = _bash(kubectl + of_no_identity, HOME=str(tmp_path))

    assert code != 0
    assert keys_of(private) == old
    assert not (secrets / "mailer-secrets").exists()

    code = _bash(kubectl + commands, HOME=str(tmp_path), FAILS="status deployment/mailer")

    assert code != 0
    assert keys_of(private)[1:] == old
    assert not (
        secrets / "identity-secrets"
    ).exists()  # identity must not encrypt with a key that the mailers do not have


@pytest.mark.rule("SEC-4")
def test_the_runbook_rotates_the_keys_that_seal_mails_in_compose(tmp_path: Path, blocks: list[str]) -> None:
    make_secret_files(tmp_path, give=False)
    private, public = tmp_path / "mailer/mail_seal_private.json", tmp_path / "identity/mail_seal_public.json"
    old = keys_of(private)
    functions, rotation = _functions_and_rotation(blocks[1])

    code = _run(functions + rotation, tmp_path)

    assert code == 0
    new, *others = keys_of(private)
    assert (
        others == old == keys_of(tmp_path / "at-mailer")
    )  # the mailers must have the new key before identity uses it
    assert keys_of(public) == [new, *old]

    code = _run(functions + blocks[2], tmp_path)

    assert code == 0
    assert keys_of(private) == keys_of(public) == [new]
    assert not _others_can_read(tmp_path / "kept/keys/mail_seal_private.json")
    assert {path.name for path in (tmp_path / "kept/keys").glob("*new*")} == set()


@pytest.mark.rule("SEC-4")
def test_a_failed_rotation_in_compose_destroys_no_key(tmp_path: Path, blocks: list[str]) -> None:
    make_secret_files(tmp_path, give=False)
    private, public = (tmp_path / f"kept/keys/mail_seal_{kind}.json" for kind in ("private", "public"))
    old = keys_of(private)
    functions, rotation = _functions_and_rotation(blocks[1])

    code = _run(functions + rotation.replace(" identity keys", " /nonexistent/identity keys"), tmp_path)

    assert code != 0
    assert keys_of(private) == keys_of(public) == old
    assert not (tmp_path / "at-mailer").exists()

    code = _run(functions + rotation, tmp_path, FAILS="mailer")

    assert code != 0
    assert keys_of(private)[1:] == keys_of(public) == old


def _others_can_read(path: Path) -> bool:
    return bool(path.stat().st_mode & 0o077)


@pytest.mark.rule("SEC-4")
def test_the_systemd_page_rotates_the_keys_that_seal_mails_and_a_failure_destroys_none(
    tmp_path: Path,
) -> None:
    make_secret_files(tmp_path / "made", give=False)
    private = tmp_path / "secrets/mailer/mail_seal_private_keys"
    public = tmp_path / "secrets/web/mail_seal_public_keys"
    for made, copy in (("mailer/mail_seal_private", private), ("identity/mail_seal_public", public)):
        copy.parent.mkdir(parents=True)
        copy.write_text((tmp_path / f"made/{made}.json").read_text())
    old = keys_of(private)
    (block,) = _marked_blocks("deploy/systemd/README.md")
    here = block.replace("/etc/port-identity", str(tmp_path)).replace("/run/", f"{tmp_path}/")
    restarted = tmp_path / "restarted"
    commands = SYSTEMD.format(private=private, restarted=restarted) + here

    codes = [_bash(commands.replace(" identity keys", " /nonexistent/identity keys"))]
    assert keys_of(private) == keys_of(public) == old
    codes += [_bash(commands, FAILS="check")]
    assert keys_of(private)[1:] == keys_of(public) == old
    assert not restarted.exists()  # the running mailer still has its keys
    codes += [_bash(commands)]

    assert [code == 0 for code in codes] == [False, False, True]
    assert keys_of(private) == keys_of(public)
    assert keys_of(private)[2:] == old
    assert restarted.read_text().split() == ["port-mailer", "port-web"]
    assert not _others_can_read(private)
    assert not (tmp_path / "port-keys.json").exists()


def _marked_blocks(page: str) -> list[str]:
    _, *parts = (ROOT / page).read_text().split(MARK)
    return [part.partition("```sh\n")[2].partition("```")[0] for part in parts]


def _functions_and_rotation(block: str) -> tuple[str, str]:
    functions, begin, rotation = block.partition("( set -eu")
    return functions, begin + rotation


def _run(commands: str, secrets: Path, **variables: str) -> int:
    here = commands.replace("/secrets/kept", str(secrets / "kept"))
    return _bash(DOCKER.format(python=sys.executable, secrets=secrets) + here, **variables)


def _bash(commands: str, **variables: str) -> int:
    """Run commands as if they were pasted into a shell, without `set -e`; return the exit code."""
    path = f"{Path(executable('identity')).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(["bash", "-c", commands], cwd=ROOT, check=False, env=environment).returncode
