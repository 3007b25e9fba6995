"""A browser tab with the manual's actions: go, fill, press, confirm."""

from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Response, expect

from tests.support.actors.people import Person
from tests.support.browser import screenshots
from tests.support.browser.chromium import Browsers, Site, is_document
from tests.support.browser.text_normalization import normalize, text_pattern
from tests.support.harness.polling import wait_until
from tests.support.harness.system import System
from tests.support.servers.received_mail import ReceivedMail

_IS_AT_END = "(one) => one.scrollTop + one.clientHeight >= one.scrollHeight - 1"
_IN_FRONT = ":modal, html:not(:has(:modal))"


class Tab:
    def __init__(self, page: Page, site: Site, browsers: Browsers, *, scripts: bool = True) -> None:
        self.page = page
        self.status = 0
        self._site = site
        self._browsers = browsers
        self._scripts = scripts
        page.on("response", self._record_status)

    def _record_status(self, response: Response) -> None:
        if is_document(response, self.page):
            self.status = response.status

    @property
    def system(self) -> System:
        return self._site.system

    @property
    def width(self) -> int:
        """The window's width in CSS pixels."""
        size = self.page.viewport_size
        assert size is not None
        return size["width"]

    # --- navigation -------------------------------------------------------------------------------------------

    def go(self, path: str) -> Self:
        self.page.goto(self.system.url + path)
        return self

    def open_link(self, mail: ReceivedMail) -> Self:
        """Open a mailed link's path on the test's server."""
        parts = urlsplit(mail.link)
        return self.go(f"{parts.path}?{parts.query}")

    def new_tab(self) -> Self:
        """Open another tab of the same browser."""
        return self._alike(self.page.context.new_page())

    def new_browser(self) -> Self:
        """Open a window of the same width with its own cookies."""
        return self._alike(self._browsers.open_window(self.width, scripts=self._scripts))

    def _alike(self, page: Page) -> Self:
        return type(self)(page, self._site, self._browsers, scripts=self._scripts)

    def log_in(self, person: Person, *, consenting: bool = True) -> Self:
        """Log in through the page; with `consenting`, first accept missing consents through the API."""
        if consenting:
            _accept_consents(self.system, person)
        return self.go("/").submit_login(person)

    def submit_login(self, person: Person) -> Self:
        return self.fill(使用者帳號=person.username, 使用者密碼=person.password).press("登入")

    # --- input ------------------------------------------------------------------------------------------------

    def fill(self, fields: dict[str, str] | None = None, /, **named: str) -> Self:
        """Fill fields in, found by their labels."""
        for label, value in {**(fields or {}), **named}.items():
            self.field(label).fill(value)
        return self

    def field(self, label: str) -> Locator:
        """Return the visible field with this label, with or without the mark of required fields."""
        found = self.page.get_by_label(text_pattern(label, whole=True))
        marked = self.page.get_by_label(text_pattern(f"{label}*", whole=True))
        return found.or_(marked).filter(visible=True)

    def press(self, name: str) -> Self:
        """Press the visible button or link with exactly this name, and wait until the page has settled."""
        self.control(name).click()
        return self.settle()

    def settle(self) -> Self:
        """Wait until the page has no pending check, submit or load.

        Playwright waits only for navigations that a click starts at once, not for later navigations by a script.
        """
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)
        self.page.wait_for_load_state()
        return self

    def control(self, name: str) -> Locator:
        """Return the visible button or link with this name, in the open dialog if any."""
        return control_named(self.page.locator(_IN_FRONT).last, name)

    def choose(self, username: str) -> Self:
        """Choose the account's row in a list of companies."""
        self.row(username).click()
        return self.settle()

    def row(self, username: str) -> Locator:
        """Return the account's link or button in a list of companies."""
        return self.page.locator("[data-company]", has_text=text_pattern(username))

    def press_in_menu(self, name: str) -> Self:
        """Open the account menu by hover, as in the manual, or without scripts by a click, and press an entry."""
        header = self.page.locator("header")
        if self._scripts:
            header.locator("summary").hover()
        else:
            header.locator("summary").click()
        control_named(header, name).click()
        return self.settle()

    def confirm(self, sentence: str, *, by: str = "確定") -> Self:
        """Wait for the dialog with this sentence and press its button `by`."""
        dialog = self._dialog
        expect(dialog).to_contain_text(text_pattern(sentence), use_inner_text=True)
        dialog.get_by_role("button", name=text_pattern(by, whole=True)).click()
        return self.settle()

    def tick(self, name: str) -> Self:
        self.checkbox(name).check()
        return self

    def checkbox(self, name: str) -> Locator:
        return self.page.get_by_role("checkbox", name=text_pattern(name, whole=True))

    def scroll_to_end(self, title: str) -> Self:
        """Scroll the region with this title to its end, by repeated wheel events: a busy browser may miss one."""
        part = self.page.get_by_role("region", name=title)

        def turned() -> bool:
            part.hover()
            self.page.mouse.wheel(0, 20_000)
            return bool(part.evaluate(_IS_AT_END))

        wait_until(turned, what=f"the end of {title}", timeout_seconds=20)
        return self

    def expect_status(self, *statuses: int) -> Self:
        """Allow responses with these statuses, although the browser's console reports them."""
        self._browsers.monitor.expected_statuses.update(statuses)
        return self

    def go_offline(self) -> Self:
        """Disconnect the browser from the network, and allow the failures that its console reports."""
        self._browsers.monitor.offline = True
        self.page.context.set_offline(True)
        return self

    # --- output -----------------------------------------------------------------------------------------------

    @property
    def _dialog(self) -> Locator:
        return self.page.locator("dialog").filter(visible=True)

    @property
    def dialog_text(self) -> str:
        """The sentences of the open dialog."""
        expect(self._dialog).to_be_visible()
        return normalize("".join(self._dialog.locator("p").all_inner_texts()))

    @property
    def has_dialog(self) -> bool:
        return self._dialog.count() > 0

    @property
    def text(self) -> str:
        """The normalized text of the main part."""
        return normalize(self.page.locator("main").inner_text())

    @property
    def header(self) -> str:
        return normalize(self.page.locator("header").first.inner_text())

    @property
    def heading(self) -> str:
        return normalize(self.page.locator("h1").inner_text())

    def cookie(self, name: str) -> str:
        cookies = {one.get("name"): one.get("value") for one in self.page.context.cookies()}
        return cookies[name] or ""

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def expect_text(self, sentence: str) -> Self:
        """Wait until the main part contains the text, which a script may insert."""
        expect(self.page.locator("main")).to_contain_text(text_pattern(sentence), use_inner_text=True)
        return self

    def screenshot(self, name: str) -> Self:
        """Save a screenshot and check the page's width and, with scripts, its accessibility."""
        where = str(self.width) if self._scripts else "plain"
        screenshots.save(self.page, f"{name}-{where}")
        screenshots.check_width(self.page)
        if self._scripts:
            screenshots.check_accessibility(self.page)
            if screenshots.IN_EVERY_MODE:
                self.check_modes(f"{name}-{where}")
        return self

    def check_modes(self, name: str) -> Self:
        """Save and check the page at twice the text size and in forced colours."""
        for mode in screenshots.MODES:
            with screenshots.mode(self.page, mode):
                screenshots.save(self.page, f"{name}-{mode}")
                screenshots.check_accessibility(self.page)
        return self


def control_named(within: Locator | Page, name: str) -> Locator:
    """Return the visible button or link with exactly this name."""
    whole = text_pattern(name, whole=True)
    pressed = within.get_by_role("button", name=whole).or_(within.get_by_role("link", name=whole))
    return pressed.filter(visible=True)


def _accept_consents(system: System, person: Person) -> None:
    visitor = system.visitor()
    answer = visitor.log_in(person)
    if not answer.is_success:
        return
    if answer.json()["next"] == "consent":
        assert visitor.accept_consents().is_success
    visitor.delete("/session")
