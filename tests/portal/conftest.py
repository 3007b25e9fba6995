"""Fixtures of the browser tests. Each test has its own database and browser contexts."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.support.actors.people import Person
from tests.support.browser.chromium import BrowserMonitor, Browsers, Site
from tests.support.browser.keyboard_tab import KeyboardTab
from tests.support.browser.tab import Tab
from tests.support.harness.system import Servers, System

StartPortal = Callable[..., System]
_WIDE = 1280


@pytest.fixture
def site() -> Site:
    """The system that the test's tabs open; each newly started system replaces it."""
    return Site(BrowserMonitor())


@pytest.fixture
def portal(servers: Servers, sqlite_url: str, site: Site) -> Iterator[System]:
    """The system with default settings."""
    with ExitStack() as stack:
        yield site.add(System(servers, sqlite_url, stack))


@pytest.fixture
def start_portal(servers: Servers, sqlite_url: str, site: Site) -> Iterator[StartPortal]:
    """Start the system with other settings: `start_portal(IDENTITY_REVIEW="both")`. The tabs then open it."""
    with ExitStack() as stack:
        yield lambda **options: site.add(System(servers, sqlite_url, stack, **options))


@pytest.fixture
def general(portal: System) -> Person:
    """A verified general account."""
    return portal.person(name="王小花", company={"name": "王小花的有限公司", "phone": "07-1234567"})


@pytest.fixture
def holder(portal: System) -> Person:
    """A verified link account."""
    return portal.person("link", name="陳港生")


@pytest.fixture
def browsers(request: pytest.FixtureRequest, chromium: Browser, site: Site) -> Iterator[Browsers]:
    """Opens windows with separate cookies; the test fails on console errors and on requests to other hosts."""
    request.getfixturevalue("start_portal" if "start_portal" in request.fixturenames else "portal")
    with ExitStack() as stack:
        yield Browsers(chromium, site.monitor, stack)
    assert site.monitor.problems() == []


@pytest.fixture(params=[360, _WIDE])
def tab(request: pytest.FixtureRequest, browsers: Browsers, site: Site) -> Tab:
    """A browser tab; the test runs once at the width of a phone and once at that of a desktop."""
    return Tab(browsers.open_window(request.param), site, browsers)


@pytest.fixture
def keyboard_tab(browsers: Browsers, site: Site) -> KeyboardTab:
    """A tab used by keyboard only."""
    return KeyboardTab(browsers.open_window(_WIDE), site, browsers)


@pytest.fixture
def plain_tab(browsers: Browsers, site: Site) -> Tab:
    """A tab without JavaScript."""
    return Tab(browsers.open_window(_WIDE, scripts=False), site, browsers, scripts=False)
