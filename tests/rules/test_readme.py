"""The READMEs' commands work as printed with the system of `make run`."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.harness.local_run import LocalRun
from tests.support.harness.readme_commands import walk_api, walk_service_apis

pytestmark = pytest.mark.processes


@pytest.fixture
def local_run(tmp_path: Path) -> Iterator[LocalRun]:
    copy = LocalRun(tmp_path / ".run", DEMO="")
    try:
        copy.wait_for("Ready after", timeout_seconds=90)
        yield copy
        copy.stop(signal.SIGINT)
    finally:
        copy.destroy()


@pytest.mark.rule("REG-2", "VER-2", "LOGIN-3", "BIND-6", "SW-1", "SW-3", "UNB-1", "UNB-2", "UNB-3", "PRO-2")
def test_the_readmes_api_walk_works_as_printed(local_run: LocalRun) -> None:
    walk_api(api=f"{local_run.identity_url}/api/v1", mails=local_run.mailbox_url)


@pytest.mark.rule("EVT-6", "SEC-12", "OPS-1")
def test_the_readmes_service_calls_work_as_printed(local_run: LocalRun, tmp_path: Path) -> None:
    answers = walk_service_apis(
        api=f"{local_run.identity_url}/api/v1", mails=local_run.mailbox_url, cwd=tmp_path
    )

    snapshot, feed, found, suspended = answers
    assert len(snapshot["accounts"]) == 3
    assert feed["items"][0]["position"] == 1
    assert {each["username"] for each in found["items"]} == {"number01", "account001", "account002"}
    assert suspended["status"] == "suspended"
