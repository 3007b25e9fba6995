"""The main pages at twice the text size and in forced colours; `SCREENS=all` checks every screenshot this way."""

import pytest

from tests.support.actors.many_companies import bind_companies
from tests.support.actors.people import Person
from tests.support.browser import screenshots
from tests.support.browser.tab import Tab
from tests.support.harness.system import System


@pytest.mark.parametrize("path", ["/", "/apply/link"])
def test_pages_before_the_login_fit_both_display_modes(portal: System, tab: Tab, path: str) -> None:
    assert portal.url
    tab.go(path)

    tab.check_modes(f"mode{path.replace('/', '-')}{tab.width}")
    with screenshots.mode(tab.page, "large"):
        marks = tab.page.eval_on_selector_all(
            ".help-mark", "all => all.map(each => [each.offsetWidth, each.offsetHeight])"
        )
    assert all(width == height for width, height in marks), "a help mark is not square"


def test_the_page_check_finds_targets_that_are_too_small(portal: System, tab: Tab) -> None:
    assert portal.url
    tab.go("/").page.evaluate("""() => {
      for (const word of "一二") {
        const button = document.createElement("button");
        button.textContent = word;
        button.style.cssText = "all: unset; font-size: .5rem";
        document.querySelector("main").append(button);
      }
    }""")

    with pytest.raises(AssertionError, match="target-size"):
        tab.screenshot("mode-small-target")


def test_the_list_of_companies_with_its_panel_fits_both_display_modes(
    portal: System, tab: Tab, holder: Person
) -> None:
    usernames = bind_companies(portal, holder, 9, unverified=1)
    tab.log_in(holder).choose(usernames[0]).expect_text("※尚未進行驗證！！")

    tab.check_modes(f"mode-links-{tab.width}")
