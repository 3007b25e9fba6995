"""The pictures of the README, taken from the running demo system: `make pictures`."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, Page

from tests.support import ROOT
from tests.support.browser.chromium import launch_chromium
from tests.support.harness.local_run import LocalRun

FOLDER = ROOT / "deploy" / "pictures"
MAX_BYTES = 120_000
"""The maximum size of a picture; larger pictures make the README load slowly."""
QUALITY = 75
WIDE, NARROW = 1100, 640  # CSS pixels


def main() -> int:
    """Start the demo system on free ports and take each picture; return 1 if a picture is too large."""
    with demo_system() as system, launch_chromium() as browser:
        pictures = [bindings(system, browser), mail(system, browser)]
    too_large = [path for path in pictures if path.stat().st_size > MAX_BYTES]
    for path in pictures:
        verdict = " is too large" if path in too_large else ""
        sys.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes{verdict}\n")
    return 1 if too_large else 0


@contextmanager
def demo_system() -> Iterator[LocalRun]:
    """Run `make run DEMO=1` in a separate folder until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        system = LocalRun(Path(folder) / "run", DEMO="1")
        try:
            system.wait_for("Sample accounts")
            yield system
            system.stop()
        finally:
            system.destroy()


def bindings(system: LocalRun, browser: Browser) -> Path:
    """Take a picture of the page on which a link account manages its bindings."""
    page = browser.new_page(
        viewport={"width": WIDE, "height": 800}, locale="zh-TW", timezone_id="Asia/Taipei"
    )
    page.goto(f"{system.identity_url}/")
    passwords = json.loads((system.run_dir / "demo.json").read_text())
    page.fill("[name=username]", "demolink")
    page.fill("[name=password]", passwords["demolink"])
    page.press("[name=password]", "Enter")
    page.get_by_role("link", name="demoalpha").click()
    page.get_by_role("button", name="解除帳號").wait_for()
    return _taken(page, "bindings")


def mail(system: LocalRun, browser: Browser) -> Path:
    """Take a picture of a mail with a bind code, as the development mailbox shows it."""
    api = system.mailbox_url
    mails = httpx.get(f"{api}/").json()["data"]
    number = max(each["id"] for each in mails if "驗證碼" in each["subject"])
    page = browser.new_page(viewport={"width": NARROW, "height": 400})
    page.goto(f"{api}/{number}.html")
    return _taken(page, "mail")


def _taken(page: Page, name: str) -> Path:
    path = FOLDER / f"{name}.jpg"
    page.screenshot(path=path, quality=QUALITY, full_page=True, animations="disabled")
    return path


if __name__ == "__main__":
    sys.exit(main())
