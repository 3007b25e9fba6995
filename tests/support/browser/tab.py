"""A tab of a browser, in the words of the manual: go, fill, press, confirm, read."""

from typing import Self
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, Response, expect

from tests.support.actors.people import Person
from tests.support.browser import screenshots
from tests.support.browser.chromium import Browsers, Site, is_document
from tests.support.browser.text import normalize, text_pattern
from tests.support.harness.system import System
from tests.support.harness.waiting import wait_until
from tests.support.servers.received_mail import ReceivedMail

_IS_AT_END = "(one) => one.scrollTop + one.clientHeight >= one.scrollHeight - 1"


class Tab:
    """What a person sees and does in one tab."""

    def __init__(self, page: Page, site: Site, browsers: Browsers, *, scripts: bool = True) -> None:
        self.page = page
        self.status = 0
        self._site = site
        self._browsers = browsers
        self._scripts = scripts
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        if is_document(response, self.page):
            self.status = response.status

    @property
    def system(self) -> System:
        """The installation that the tab is at."""
        return self._site.system

    @property
    def width(self) -> int:
        """The window's width in CSS pixels."""
        size = self.page.viewport_size
        assert size is not None
        return size["width"]

    # --- going ------------------------------------------------------------------------------------------------

    def go(self, path: str) -> Self:
        """Open a page of the installation by its address."""
        self.page.goto(self.system.url + path)
        return self

    def open_link(self, mail: ReceivedMail) -> Self:
        """Open the link of a mail; it names the public address, which is the test's own server here."""
        parts = urlsplit(mail.link)
        return self.go(f"{parts.path}?{parts.query}")

    def new_tab(self) -> Self:
        """Open another tab of the same browser."""
        return self._alike(self.page.context.new_page())

    def new_browser(self) -> Self:
        """Open a browser of somebody else, as wide as this one."""
        return self._alike(self._browsers.open_window(self.width, scripts=self._scripts))

    def _alike(self, page: Page) -> Self:
        return type(self)(page, self._site, self._browsers, scripts=self._scripts)

    def log_in(self, person: Person, *, consenting: bool = True) -> Self:
        """Log in through the page; the consents are accepted by the API before, where they are still open."""
        if consenting:
            _accept_consents(self.system, person)
        return self.go("/").submit_login(person)

    def submit_login(self, person: Person) -> Self:
        """Log in by the login page that the tab stands on."""
        return self.fill(使用者帳號=person.username, 使用者密碼=person.password).press("登入")

    # --- doing ------------------------------------------------------------------------------------------------

    def fill(self, fields: dict[str, str] | None = None, /, **named: str) -> Self:
        """Fill fields in, each by its label."""
        for label, value in {**(fields or {}), **named}.items():
            self.field(label).fill(value)
        return self

    def field(self, label: str) -> Locator:
        """Return the visible field with that label; the mark of what is required is no part of it."""
        found = self.page.get_by_label(text_pattern(label, whole=True))
        marked = self.page.get_by_label(text_pattern(f"{label}*", whole=True))
        return found.or_(marked).filter(visible=True)

    def press(self, name: str) -> Self:
        """Press the visible button, or follow the link, of exactly that name."""
        self.control(name).click()
        self.page.wait_for_load_state()
        return self

    def control(self, name: str) -> Locator:
        """Return the visible button or link of that name; where a message is open, it is in the message."""
        modal = self.page.locator(":modal")
        return control_named(modal.last if modal.count() else self.page, name)

    def press_in_menu(self, name: str) -> Self:
        """Open the account's menu, as the manual does by pointing at it, and press one of its things."""
        header = self.page.locator("header")
        if self._scripts:
            header.locator("summary").hover()
        else:
            header.locator("summary").click()
        control_named(header, name).click()
        self.page.wait_for_load_state()
        return self

    def confirm(self, sentence: str, *, by: str = "確定") -> Self:
        """Wait for the open question or message with that sentence, and press its button."""
        asked = self._dialog
        expect(asked).to_contain_text(text_pattern(sentence), use_inner_text=True)
        asked.get_by_role("button", name=text_pattern(by, whole=True)).click()
        self.page.wait_for_load_state()
        return self

    def tick(self, name: str) -> Self:
        """Tick the box of that name."""
        self.checkbox(name).check()
        return self

    def checkbox(self, name: str) -> Locator:
        """Return the tick box of that name."""
        return self.page.get_by_role("checkbox", name=text_pattern(name, whole=True))

    def scroll_to_end(self, title: str) -> Self:
        """Turn the wheel over the part of the page with that title, to its end; a busy browser may miss a turn."""
        part = self.page.get_by_role("region", name=title)

        def turned() -> bool:
            part.hover()
            self.page.mouse.wheel(0, 20_000)
            return bool(part.evaluate(_IS_AT_END))

        wait_until(turned, what=f"the end of {title}", timeout_seconds=20)
        return self

    def expect_status(self, *statuses: int) -> Self:
        """Take it that answers with these statuses come; the browser's console tells of each."""
        self._browsers.monitor.expected_statuses.update(statuses)
        return self

    def go_offline(self) -> Self:
        """Take the network away from the browser; its console tells of each failure."""
        self._browsers.monitor.offline = True
        self.page.context.set_offline(True)
        return self

    # --- reading ----------------------------------------------------------------------------------------------

    @property
    def _dialog(self) -> Locator:
        return self.page.locator("dialog").filter(visible=True)

    @property
    def dialog_text(self) -> str:
        """The sentences of the open system message or question."""
        expect(self._dialog).to_be_visible()
        return normalize("".join(self._dialog.locator("p").all_inner_texts()))

    @property
    def has_dialog(self) -> bool:
        """Whether a message or question is open right now."""
        return self._dialog.count() > 0

    @property
    def text(self) -> str:
        """What the page's main part says."""
        return normalize(self.page.locator("main").inner_text())

    @property
    def header(self) -> str:
        """What the page's header says."""
        return normalize(self.page.locator("header").first.inner_text())

    @property
    def heading(self) -> str:
        """The page's title."""
        return normalize(self.page.locator("h1").inner_text())

    def cookie(self, name: str) -> str:
        """Return what the browser keeps under that name."""
        kept = {one.get("name"): one.get("value") for one in self.page.context.cookies()}
        return kept[name] or ""

    @property
    def path(self) -> str:
        """The path of the page's address."""
        return urlsplit(self.page.url).path

    def expect_text(self, sentence: str) -> Self:
        """Wait until the main part says this; for what a script puts there."""
        expect(self.page.locator("main")).to_contain_text(text_pattern(sentence), use_inner_text=True)
        return self

    def screenshot(self, name: str) -> Self:
        """Keep a picture of the page, and hold the page against the rules of width and (with scripts) accessibility."""
        where = str(self.width) if self._scripts else "plain"
        screenshots.save(self.page, f"{name}-{where}")
        screenshots.check_width(self.page)
        if self._scripts:
            screenshots.check_accessibility(self.page)
        return self


def control_named(within: Locator | Page, name: str) -> Locator:
    """Return the visible button or link of exactly that name."""
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
