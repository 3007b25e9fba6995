"""The systemd units are valid and confined; the commands of their README write the settings of each process."""

import re
import shutil
import subprocess
from configparser import ConfigParser
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import ROOT
from tests.support.harness.processes import executable
from tests.support.servers.optional_programs import SYSTEMD

UNITS = ROOT / "deploy/systemd"
SERVICES = sorted(UNITS.glob("*.service"))
PROCESSES = {path.stem.removeprefix("port-") for path in SERVICES}
MAX_EXPOSURE = 2.0


def unit(name: str) -> ConfigParser:
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser documents it
    parser.read(UNITS / name)
    return parser


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    tool = SYSTEMD.require()
    return subprocess.run([tool, *arguments], cwd=UNITS, capture_output=True, text=True, check=False)


@pytest.mark.rule("SEC-15")
@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_each_unit_is_confined(service: Path) -> None:
    done = analyze("security", "--offline=true", "--no-pager", f"./{service.name}")

    exposure = re.search(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stderr
    assert float(exposure[1]) < MAX_EXPOSURE


def test_systemd_understands_every_line(tmp_path: Path) -> None:
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.glob("*.service"):  # the units' commands are not installed on the test machine
        path.write_text(re.sub(r"ExecStart=.*", "ExecStart=/bin/true", path.read_text()))

    done = analyze(
        "verify", "--man=no", *(path for path in sorted(tmp_path.glob("port-*")) if path.is_file())
    )

    assert [line for line in done.stderr.splitlines() if str(tmp_path) in line or "port-" in line] == []


def test_every_process_has_a_unit_with_its_own_settings_and_secrets() -> None:
    assert {path.name.partition(".")[0] for path in (ROOT / "deploy/settings").iterdir()} == PROCESSES
    for process in PROCESSES:
        service = unit(f"port-{process}.service")["Service"]
        assert service["EnvironmentFile"] == f"/etc/port-identity/{process}.env"
        assert service["LoadCredential"] == f"secrets:/etc/port-identity/secrets/{process}"


def test_systemd_listens_on_the_port_of_the_web_processes() -> None:
    assert unit("port-web.service")["Unit"]["Requires"] == "port-web.socket"
    assert unit("port-web.socket")["Socket"]["ListenStream"] == "127.0.0.1:8000"


def test_the_readme_gives_each_process_the_secrets_that_its_settings_name(tmp_path: Path) -> None:
    _, *parts = (UNITS / "README.md").read_text().split("test_systemd.py runs this block")
    block = "".join(part.partition("```sh\n")[2].partition("```")[0] for part in parts)
    for real, stand_in in {
        "/etc/port-identity": str(tmp_path / "etc"),
        "/etc/valkey": str(tmp_path),
        "/opt/port-identity/current/identity/bin/identity": executable("identity"),
    }.items():
        block = block.replace(real, stand_in)

    subprocess.run(["bash", "-euc", block], cwd=ROOT, check=True)

    acl = (tmp_path / "users.acl").read_text()
    assert "SHA256-OF" not in acl
    for process in PROCESSES:
        settings = (tmp_path / f"etc/{process}.env").read_text()
        named = re.findall(rf"(?m)^\w+_FILE=/run/credentials/port-{process}.service/secrets_(\w+)$", settings)
        secrets = {
            path.name: path.read_text().strip() for path in (tmp_path / "etc/secrets" / process).iterdir()
        }
        assert set(named) == set(secrets), process
        assert "/run/secrets/" not in settings
        assert {name for name, value in secrets.items() if not value} == {
            name for name in named if name.endswith("_url") and name != "redis_url"
        }
        if redis := secrets.get("redis_url"):
            password = str(urlsplit(redis).password)
            assert f"user {process} on #{sha256(password.encode()).hexdigest()} " in acl
    assert not (tmp_path / "etc/keys.json").exists()
    assert (tmp_path / "etc/secrets/web/identity_secret_keys").stat().st_mode & 0o077 == 0
