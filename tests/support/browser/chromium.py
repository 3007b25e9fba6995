"""Chromium: one process for each test process, and a context with its own cookies for each window."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    expect,
    sync_playwright,
)

from tests.support.harness.system import System
from tests.support.servers.optional_programs import CHROMIUM

HEIGHT = 800
_TIMEOUT_MS = 20_000
_ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
_OFFLINE = "net::ERR_INTERNET_DISCONNECTED"
_FAILED_STATUS = re.compile(r"responded with a status of (\d+)")


@contextmanager
def launch_chromium() -> Iterator[Browser]:
    """Run the installed Chromium until the block ends; skip the test without it. Its sandbox does not work for root."""
    program = CHROMIUM.require()
    expect.set_options(timeout=_TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=_ARGUMENTS, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@dataclass
class BrowserMonitor:
    """Collects errors and warnings of the console, uncaught exceptions, and requests to other hosts than `hosts`."""

    hosts: set[str] = field(default_factory=set)
    expected_statuses: set[int] = field(default_factory=set)
    offline: bool = False
    console_errors: list[str] = field(default_factory=list)
    foreign_requests: list[str] = field(default_factory=list)

    def attach(self, context: BrowserContext) -> None:
        """Watch every page of the context, including later pages."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.console_errors.append(str(error.error)))
        context.on("request", self._request)

    def problems(self) -> list[str]:
        """Return what fails the test: unexpected messages and exceptions, and requests to other hosts."""
        return [line for line in self.console_errors if not self._was_expected(line)] + [
            f"request to another host: {address}" for address in self.foreign_requests
        ]

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console_errors.append(f"{message.type} in the console: {message.text}")

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.netloc not in self.hosts:
            self.foreign_requests.append(request.url)

    def _was_expected(self, line: str) -> bool:
        if self.offline and _OFFLINE in line:
            return True
        status = _FAILED_STATUS.search(line)
        return status is not None and int(status[1]) in self.expected_statuses


@dataclass(slots=True)
class Site:
    """The system that a test's tabs open, which is the last system started."""

    monitor: BrowserMonitor
    systems: list[System] = field(default_factory=list)

    def add(self, system: System) -> System:
        """Register a system that tabs open from now on."""
        self.systems.append(system)
        self.monitor.hosts.add(urlsplit(system.url).netloc)
        return system

    @property
    def system(self) -> System:
        return self.systems[-1]


@dataclass(slots=True)
class Browsers:
    """Opens windows of separate browsers and closes them after the test."""

    browser: Browser
    monitor: BrowserMonitor
    stack: ExitStack

    def open_window(self, width: int, *, scripts: bool = True) -> Page:
        """Open a separate browser with one page."""
        context = self.browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            locale="zh-TW",
            timezone_id="Asia/Taipei",
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        self.stack.callback(context.close)
        context.set_default_timeout(_TIMEOUT_MS)
        self.monitor.attach(context)
        return context.new_page()


def is_document(response: Response, page: Page) -> bool:
    """Return whether the response is the page itself, not a redirect or a part of the page."""
    return (
        response.request.is_navigation_request()
        and response.frame == page.main_frame
        and not 300 <= response.status < 400
    )
