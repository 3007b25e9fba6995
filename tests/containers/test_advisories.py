"""No shipped package has a known vulnerability (SEC-15), according to pip-audit and its advisory service."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

NOT_REACHED = "the advisory service cannot be reached, so pip-audit audited no package"
AWAY = ("ConnectionError", "ServiceError", "HTTPError", "Max retries", "Failed to fetch", "timed out")


@pytest.mark.rule("SEC-15")
@pytest.mark.parametrize("service", ["identity", "mailer"])
def test_no_package_of_a_service_has_a_known_vulnerability(service: str) -> None:
    audit = Path(sys.executable).with_name("pip-audit")
    lock = ROOT / "services" / service / "requirements.txt"

    done = subprocess.run(
        [audit, "--requirement", lock, "--require-hashes", "--disable-pip", "--format", "json",
         "--progress-spinner", "off", "--timeout", "5"],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip

    if not done.stdout.startswith("{"):
        assert any(word in done.stderr for word in AWAY), done.stderr
        pytest.skip(NOT_REACHED)
    dependencies = json.loads(done.stdout)["dependencies"]
    unknown = [it["skip_reason"] for it in dependencies if "skip_reason" in it]
    if len(unknown) == len(dependencies):
        pytest.skip(NOT_REACHED)
    assert unknown == []
    assert [it for it in dependencies if it["vulns"]] == []
