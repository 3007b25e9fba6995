"""The browser of a test process; loaded by tests/conftest.py."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import launch_chromium


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for each test process."""
    with launch_chromium() as browser:
        yield browser
