"""The commands in the READMEs, as printed, against `make run`'s own system."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.harness.readme_commands import walk_api, walk_service_apis
from tests.support.servers.ports import free_port

pytestmark = pytest.mark.processes
RUN_PYTHON = ROOT / ".venv" / "run" / "bin" / "python"
READY = "Ready after"
_START_SECONDS = 90


@pytest.fixture
def running(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The whole system as `make run` starts it; its addresses."""
    names = ("IDENTITY_PORT", "MAILBOX_PORT", "SMTP_PORT", "REDIS_PORT")
    ports = {name: str(free_port()) for name in names}
    python = RUN_PYTHON if RUN_PYTHON.exists() else Path(sys.executable)
    process = subprocess.Popen(
        [python, "-m", "deploy.local.run"],
        cwd=ROOT,
        env={**os.environ, **ports, "RUN_DIR": str(tmp_path / ".run"), "DEMO": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        _wait_until_ready(process)
        yield {
            "api": f"http://127.0.0.1:{ports['IDENTITY_PORT']}/api/v1",
            "mails": f"http://127.0.0.1:{ports['MAILBOX_PORT']}/api/messages",
            "folder": str(tmp_path),
        }
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=30)


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    lines: list[str] = []
    alarm = threading.Timer(_START_SECONDS, process.kill)
    alarm.start()
    for line in process.stdout:
        lines.append(line)
        if READY in line:
            break
    alarm.cancel()
    assert READY in lines[-1], "".join(lines)
    threading.Thread(target=process.stdout.read, daemon=True).start()


@pytest.mark.rule("REG-2", "VER-2", "LOGIN-3", "BIND-6", "SW-1", "SW-3", "UNB-1", "UNB-2", "UNB-3", "PRO-2")
def test_the_readmes_api_walk_works_as_printed(running: dict[str, str]) -> None:
    walk_api(api=running["api"], mails=running["mails"])


@pytest.mark.rule("EVT-6", "SEC-12", "OPS-1")
def test_the_readmes_service_calls_work_as_printed(running: dict[str, str]) -> None:
    answers = walk_service_apis(api=running["api"], mails=running["mails"], cwd=Path(running["folder"]))

    snapshot, feed, found, suspended = answers
    assert len(snapshot["accounts"]) == 3
    assert feed["items"][0]["position"] == 1
    assert {each["username"] for each in found["items"]} == {"number01", "account001", "account002"}
    assert suspended["status"] == "suspended"
