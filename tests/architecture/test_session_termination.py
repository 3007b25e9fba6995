"""Sessions and grants end in one step, which records each end and notifies the client (SEC-11, OIDC-22)."""

import re

from tests.architecture.tracked_files import files
from tests.support import ROOT

CALLS = re.compile(r"\.(sessions|grants)\.end\w*\(")
STEP = "services/identity/src/identity/usecases/steps/session_termination.py"


def callers() -> set[str]:
    identity = (
        path for path in files() if path.parts[:2] == ("services", "identity") and path.suffix == ".py"
    )
    return {str(path) for path in identity if CALLS.search((ROOT / path).read_text())}


def test_only_session_termination_ends_sessions_and_grants() -> None:
    assert callers() == {STEP}
