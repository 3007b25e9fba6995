"""Screenshots for people, and automatic checks of a page's accessibility (axe-core) and width."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.support import ROOT

FOLDER = ROOT / ".run" / "screens"
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_RULES = (*WCAG, "best-practice")
_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > width + 1)
    .map((one) => one.outerHTML.slice(0, 120));
}"""
# Only violations, because returning passed checks took most of the CPU time.
_VIOLATIONS = """async (tags) => {
  const found = await axe.run({runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]});
  return found.violations;
}"""

MODES = ("large", "forced")
"""Display modes: text at twice the size, and the operating system's forced colours."""
IN_EVERY_MODE = os.environ.get("SCREENS") == "all"
"""Whether each screenshot is also taken and checked in every mode, which takes three times as long."""


def save(page: Page, name: str) -> None:
    """Save a screenshot of the whole page in `.run/screens/`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=FOLDER / f"{name}.png", full_page=True, animations="disabled")


def check_width(page: Page) -> None:
    """Raise AssertionError if the page is wider than its window, at the usual text size or at twice the size."""
    too_wide = page.evaluate(_TOO_WIDE)
    assert too_wide == [], f"{page.url} is wider than the window: {too_wide}"
    with mode(page, "large"):
        too_wide = page.evaluate(_TOO_WIDE)
    assert too_wide == [], f"{page.url} is wider than the window at twice the text size: {too_wide}"


@contextmanager
def mode(page: Page, name: str) -> Iterator[None]:
    """Show the page in a display mode until the block ends."""
    if name == "forced":
        page.emulate_media(forced_colors="active")
    else:
        page.evaluate("document.documentElement.style.fontSize = '200%'")
    yield
    page.emulate_media(forced_colors="none")
    page.evaluate("document.documentElement.style.fontSize = ''")


def check_accessibility(page: Page, *, rules: Sequence[str] = _RULES) -> None:
    """Raise AssertionError for violations of axe-core's rules, by default for WCAG 2.2 AA and best practice.

    Without JavaScript it never returns, because axe-core needs timers.
    """
    page.evaluate(AXE_SCRIPT)
    violations = page.evaluate(_VIOLATIONS, list(rules))
    assert not violations, "\n".join(map(_describe, violations))


def _describe(violation: dict[str, Any]) -> str:
    places = "; ".join(f"{node['target']}: {node['html'][:200]}" for node in violation["nodes"])
    return f"{violation['id']} ({violation['impact']}): {violation['help']}: {places}"
