"""The first page is small, the next page fetches no file again, and loading shifts no layout."""

import pytest

from tests.support.browser.network import count_bytes
from tests.support.browser.tab import Tab
from tests.support.harness.system import System

_MAX_BYTES = 40_000
_MAX_NEXT_BYTES = 20_000
_OBSERVE = """
  window.shifted = 0;
  new PerformanceObserver((seen) => { for (const entry of seen.getEntries()) window.shifted += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
"""
_SHIFTED = "() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(window.shifted), 100)))"


def test_the_first_page_is_small_and_the_next_page_fetches_only_its_html(tab: Tab) -> None:
    with count_bytes(tab) as first:
        tab.go("/")
    with count_bytes(tab) as second:
        tab.go("/apply")

    assert 5_000 < sum(first) < _MAX_BYTES
    assert sum(second) < _MAX_NEXT_BYTES


@pytest.mark.parametrize("path", ["/", "/apply", "/apply/general", "/apply/link"])
def test_a_loading_page_has_no_layout_shift(tab: Tab, path: str) -> None:
    tab.page.add_init_script(_OBSERVE)

    tab.go(path)

    assert (tab.status, tab.page.evaluate(_SHIFTED)) == (200, 0)


@pytest.mark.parametrize("kind", ["general", "link"])
def test_the_loading_landing_page_has_no_layout_shift(portal: System, tab: Tab, kind: str) -> None:
    tab.log_in(portal.person(kind))
    tab.page.add_init_script(_OBSERVE)

    tab.page.reload()

    assert tab.page.evaluate(_SHIFTED) == 0
