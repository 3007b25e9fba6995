"""`make run` starts without preparation, gives each process only its own secrets, and leaves no process running."""

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from port_runtime.settings import SettingsError

from deploy.local.environment import RunPaths, prepare
from deploy.local.settings import PORTS, read
from tests.support import ROOT
from tests.support.harness.local_run import PYTHON, LocalRun
from tests.support.harness.polling import wait_until
from tests.support.servers.ports import free_port

READY = "Ctrl-C stops the system."
Launch = Callable[..., LocalRun]


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Launch]:
    copies: list[LocalRun] = []

    def start(**settings: str) -> LocalRun:
        copies.append(LocalRun(tmp_path / f"copy{len(copies)}", **settings))
        return copies[-1]

    yield start
    for copy in copies:
        copy.destroy()


@pytest.fixture(scope="module")
def shared_copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """A running copy, for tests that do not change it."""
    copy = LocalRun(tmp_path_factory.mktemp("shared") / "copy")
    copy.wait_for(READY)
    yield copy
    copy.destroy()


def test_stopping_during_the_start_leaves_no_process_behind(launch: Launch) -> None:
    copy = launch()
    wait_until(lambda: copy.pids_of("valkey-server"), what="the first process")

    copy.stop()

    assert copy.processes() == {}


@pytest.mark.parametrize("victim", ["identity serve", "valkey-server"])
def test_when_one_process_dies_all_stop_with_an_error_exit_code(launch: Launch, victim: str) -> None:
    copy = launch()
    copy.wait_for(READY)

    os.kill(min(copy.pids_of(victim)), signal.SIGKILL)

    assert copy.wait() == 1
    assert copy.processes() == {}


@pytest.mark.rule("SEC-10")
def test_each_process_gets_only_its_own_secrets(shared_copy: LocalRun) -> None:

    environments = {
        name: set(shared_copy.processes()[min(shared_copy.pids_of(name))])
        for name in ("identity serve", "identity relay", "identity notify", "mailer run")
    }

    secret = {
        "REDIS_URL_FILE",
        "IDENTITY_DATABASE_URL",
        "IDENTITY_SECRET_KEYS_FILE",
        "IDENTITY_AUDIT_KEYS_FILE",
        "IDENTITY_OIDC_KEYS_FILE",
        "MAIL_SEAL_PRIVATE_KEYS_FILE",
    }
    assert environments["identity serve"] & secret == {
        "IDENTITY_DATABASE_URL",
        "IDENTITY_SECRET_KEYS_FILE",
        "IDENTITY_OIDC_KEYS_FILE",
    }
    assert environments["identity relay"] & secret == {
        "REDIS_URL_FILE",
        "IDENTITY_DATABASE_URL",
        "IDENTITY_AUDIT_KEYS_FILE",
    }
    assert environments["identity notify"] & secret == {"IDENTITY_DATABASE_URL", "IDENTITY_OIDC_KEYS_FILE"}
    assert environments["mailer run"] & secret == {"REDIS_URL_FILE", "MAIL_SEAL_PRIVATE_KEYS_FILE"}


@pytest.mark.rule("OPS-5", "SEC-9")
def test_the_commands_of_a_copy_use_its_settings_and_are_executable_only_by_the_owner(
    shared_copy: LocalRun,
) -> None:
    commands = {name: shared_copy.run_dir / "bin" / name for name in ("identity", "mailer")}

    ended = {
        name: subprocess.run([path, "check"], capture_output=True, text=True, check=False, env={}, cwd="/")
        for name, path in commands.items()
    }

    assert {name: (its.returncode, its.stderr) for name, its in ended.items()} == {
        "identity": (0, ""),
        "mailer": (0, ""),
    }
    assert {path.stat().st_mode & 0o777 for path in commands.values()} == {0o700}


@pytest.mark.rule("SEC-9")
def test_no_file_is_readable_by_others(shared_copy: LocalRun) -> None:
    files = [shared_copy.run_dir, *shared_copy.run_dir.rglob("*")]

    assert [str(path) for path in files if path.stat().st_mode & 0o077] == []
    assert {"identity.sqlite", "mailbox.sqlite", "mailbox.log", "lock"} <= {path.name for path in files}


def test_files_of_an_earlier_release_become_unreadable_by_others(tmp_path: Path) -> None:
    old = [tmp_path / name for name in ("lock", "identity.sqlite", "identity.sqlite-wal", "mailbox.sqlite")]
    for path in (*old, tmp_path / "notes"):
        path.touch(mode=0o644)
    left_behind = tmp_path / "keys" / "secret_keys.new"
    left_behind.parent.mkdir()
    left_behind.touch(mode=0o644)

    prepare(RunPaths(read({"RUN_DIR": str(tmp_path), **{name: str(free_port()) for name in PORTS}})))

    assert {path.stat().st_mode & 0o777 for path in (*old, tmp_path / "keys" / "secret_keys")} == {0o600}
    assert (tmp_path / "notes").stat().st_mode & 0o777 == 0o644


def test_two_copies_run_on_their_printed_urls_and_can_be_stopped_separately(
    shared_copy: LocalRun, launch: Launch
) -> None:
    other = launch()
    other.wait_for(READY)

    for copy in (shared_copy, other):
        assert copy.identity_url in copy.output
        with urllib.request.urlopen(f"{copy.identity_url}/readyz") as answer:  # noqa: S310 - of loopback
            assert answer.status == 200
        with urllib.request.urlopen(copy.identity_url) as page:  # noqa: S310 - of loopback
            assert "通行證資訊網" in page.read().decode()
    code = other.stop(signal.SIGHUP)

    assert (code, other.processes(), shared_copy.running) == (0, {}, True)


def test_a_second_copy_in_the_same_directory_is_refused_in_one_line(
    shared_copy: LocalRun, launch: Launch
) -> None:
    second = launch(RUN_DIR=str(shared_copy.run_dir))

    assert second.wait() == 2
    assert second.output.startswith("RUN_DIR: another copy runs")
    assert len(second.output.splitlines()) == 1


def test_the_printed_command_removes_the_data_only_after_ctrl_c_has_stopped_the_copy(launch: Launch) -> None:
    copy = launch()
    copy.wait_for(READY)
    drop = ["make", "clean-run", f"RUN_DIR={copy.run_dir}"]
    printed = f"({' '.join(drop)} drops it)" in copy.output

    refused = subprocess.run(drop, cwd=ROOT, capture_output=True, text=True, check=False)
    stopped = (copy.stop(signal.SIGINT), copy.processes())
    subprocess.run(drop, cwd=ROOT, capture_output=True, check=True)

    assert (printed, refused.returncode != 0, copy.run_dir.exists()) == (True, True, False)
    assert stopped == (0, {})
    assert "RUN_DIR: a copy runs" in refused.stderr


@pytest.mark.rule("OPS-5")
def test_a_taken_port_is_reported_in_one_line(launch: Launch) -> None:
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        occupied.listen()
        port = occupied.getsockname()[1]
        copy = launch(SMTP_PORT=str(port))
        code = copy.wait()

    assert (code, copy.output) == (
        2,
        f"SMTP_PORT: port {port} is taken; choose another, e.g. make run SMTP_PORT={port + 1000}\n",
    )


def test_the_port_of_the_sample_service_is_checked_only_with_demo() -> None:
    ports = {name: str(free_port()) for name in PORTS}
    with socket.socket() as occupied:
        occupied.bind(("127.0.0.1", 0))
        settings = {**ports, "PASS_DEMO_PORT": str(occupied.getsockname()[1])}
        read(settings)
        with pytest.raises(SettingsError, match="PASS_DEMO_PORT"):
            read({**settings, "DEMO": "1"})


def test_sample_accounts_are_created_once_in_the_states_of_the_manual(launch: Launch) -> None:
    other_stream = {"DEMO": "1", "IDENTITY_EVENT_STREAM": "port.events"}
    copy = launch(**other_stream)
    copy.wait_for("demogamma")
    shown = [line for line in copy.output.splitlines() if line.startswith("  demo")]
    stopped = (copy.stop(signal.SIGTERM), copy.processes())

    secret = copy.run_dir / "pass-demo" / "client_secret"
    secret.unlink()
    again = launch(**other_stream, RUN_DIR=str(copy.run_dir))
    again.wait_for("created earlier")
    again.wait_for("demogamma")
    introspected = httpx.post(
        f"{again.identity_url}/oauth/introspect",
        data={"token": "none"},
        auth=("pass-demo", secret.read_text().strip()),
        trust_env=False,
    )

    assert stopped == (0, {})
    assert introspected.json() == {"active": False}
    assert [line for line in again.output.splitlines() if line.startswith("  demo")] == shown


def test_every_part_of_the_local_system_is_installed() -> None:
    procfile = (ROOT / "deploy/local/Procfile").read_text()

    names = [line.split(":")[0] for line in procfile.splitlines()]
    assert names == ["redis", "mailbox", "identity", "relay", "notify", "mailer", "pass-demo"]
    if PYTHON.exists():
        for command in ("identity", "mailer"):
            subprocess.run([PYTHON.with_name(command), "--help"], check=True, capture_output=True)
