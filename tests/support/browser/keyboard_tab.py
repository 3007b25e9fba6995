"""A tab that a person uses by keyboard only."""

from typing import Self

from playwright.sync_api import Locator, expect

from tests.support.browser.tab import Tab, control_named
from tests.support.browser.text_normalization import text_pattern

_MAX_STEPS = 120
_IS_FOCUSED = "(one) => one === document.activeElement"
_SHOWS_FOCUS = """(one) => one.matches(":focus-visible") && [null, "::after"].some((part) => {
  const style = getComputedStyle(one, part);
  return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
})"""


class KeyboardTab(Tab):
    def focus(self, target: Locator) -> Self:
        """Press Tab until the element has the focus. Raises AssertionError if this fails or the focus is invisible."""
        expect(target).to_be_visible()
        for _ in range(_MAX_STEPS):
            if target.evaluate(_IS_FOCUSED):
                assert target.evaluate(_SHOWS_FOCUS), f"the focus on {target} is invisible"
                return self
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{_MAX_STEPS} steps of the Tab key never reached {target}")

    def press_key(self, target: Locator, key: str) -> Self:
        """Focus the element, press a key on it, and wait until the page has settled."""
        self.focus(target)
        target.press(key)
        return self.settle()

    def fill(self, fields: dict[str, str] | None = None, /, **named_fields: str) -> Self:
        """Type into fields, found by their labels."""
        for label, value in {**(fields or {}), **named_fields}.items():
            self.focus(self.field(label)).page.keyboard.press("Control+A")
            self.page.keyboard.type(value)
        return self

    def press(self, name: str) -> Self:
        return self.press_key(self.control(name), "Enter")

    def choose(self, username: str) -> Self:
        return self.press_key(self.row(username), "Enter")

    def press_in_menu(self, name: str) -> Self:
        header = self.page.locator("header")
        self.press_key(header.locator("summary"), "Enter")
        return self.press_key(control_named(header, name), "Enter")

    def confirm(self, sentence: str, *, by: str = "確定") -> Self:
        dialog = self.page.locator("dialog").filter(visible=True)
        expect(dialog).to_contain_text(text_pattern(sentence), use_inner_text=True)
        return self.press_key(control_named(dialog, by), "Enter")

    def tick(self, name: str) -> Self:
        return self.press_key(self.checkbox(name), "Space")

    def scroll_to_end(self, title: str) -> Self:
        return self.press_key(self.page.get_by_role("region", name=title), "End")

    def screenshot(self, name: str) -> Self:  # noqa: ARG002 - the test with the mouse saves the same page
        """Do nothing, because the mouse tests already save the same pages."""
        return self
