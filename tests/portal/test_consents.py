"""個資同意使用/授權聲明/危害告知: each text must be scrolled to its end (LOGIN-3; manual, steps 19 and 20)."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.portal.conftest import StartPortal
from tests.support.browser.chromium import HEIGHT
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize, text_pattern
from tests.support.harness.system import System

TITLES = ("個資同意使用", "授權聲明", "危害告知")
DOCUMENTS = ("personal_data", "authorization", "hazard")
MAX_TABS = 40


def text_of(tab: Tab, title: str) -> Locator:
    return tab.page.get_by_role("region", name=f"{title}全文")


def tick_of(tab: Tab, title: str) -> Locator:
    return tab.page.get_by_role("checkbox", name=text_pattern(f"我同意{title}", whole=True))


def confirm_of(tab: Tab) -> Locator:
    return tab.page.get_by_role("button", name="確認", exact=True)


def scroll_to_end(tab: Tab, title: str) -> None:
    """Scroll the text to its end, and wait until its checkbox is enabled."""
    tab.scroll_to_end(f"{title}全文")
    expect(tick_of(tab, title)).to_be_enabled()


def accepted(system: System) -> list[str]:
    return sorted(row.document for row in system.rows("SELECT document FROM consents"))


def write_texts(directory: Path, body: str) -> Path:
    """Write `body` as an operator's text of all three documents; return the directory."""
    directory.mkdir()
    (directory / "text.txt").write_text(body, "utf-8")
    entries = [
        f'[{document}]\ntitle = "{title}"\nversion = "1"\nfile = "text.txt"\n'
        for document, title in zip(DOCUMENTS, TITLES, strict=True)
    ]
    (directory / "consents.toml").write_text("\n".join(entries), "utf-8")
    return directory


@pytest.mark.rule("LOGIN-3", "LOGIN-4")
def test_confirming_requires_each_text_to_be_scrolled_to_its_end_and_ticked(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person("link"), consenting=False)
    tab.screenshot("consents")
    assert normalize("請捲動至文件最後,閱讀完畢後即可勾選「我同意」") in tab.text
    assert normalize("危害告知 3／3") in tab.text
    expect(text_of(tab, "個資同意使用").get_by_role("heading", level=3).first).to_have_text("一、蒐集之目的")

    for title in TITLES:
        expect(tick_of(tab, title)).to_be_disabled()
        scroll_to_end(tab, title)
        expect(confirm_of(tab)).to_be_disabled()
        read_to_the_end = tab.page.get_by_text("已閱讀至最後")
        expect(read_to_the_end.filter(visible=True)).to_have_count(1)
        tick_of(tab, title).check()
        expect(read_to_the_end.filter(visible=True)).to_have_count(0)
    tab.expect_text("已全部同意,請按【確認】").screenshot("consents-read")
    tab.press("確認")

    assert tab.path == "/links"
    assert accepted(portal) == sorted(DOCUMENTS)


@pytest.mark.rule("LOGIN-3")
def test_a_text_fills_half_a_screen_that_also_shows_its_checkbox(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False)

    text = text_of(tab, TITLES[0]).bounding_box()
    card = tab.page.locator("[data-consent]").first.bounding_box()

    assert text is not None
    assert card is not None
    assert text["height"] > HEIGHT / 2
    assert card["height"] < HEIGHT


@pytest.mark.rule("LOGIN-3")
def test_unticking_a_text_disables_the_confirmation(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False)
    for title in TITLES:
        scroll_to_end(tab, title)
        tick_of(tab, title).check()

    tick_of(tab, TITLES[1]).uncheck()

    expect(confirm_of(tab)).to_be_disabled()
    tab.expect_text("已同意 2 份,尚有 1 份").screenshot("consents-partly")


@pytest.mark.rule("LOGIN-3")
def test_partial_scrolling_does_not_enable_the_checkbox(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False)
    text = text_of(tab, TITLES[0])

    text.evaluate("text => { text.scrollTop = text.scrollHeight / 2; }")
    scroll_to_end(tab, TITLES[2])  # waits until the page's observers have run

    expect(tick_of(tab, TITLES[0])).to_be_disabled()


@pytest.mark.rule("LOGIN-3")
def test_consents_work_by_keyboard_alone(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False)

    for title in TITLES:
        _tab_to(tab, text_of(tab, title))
        tab.page.keyboard.press("End")
        expect(tick_of(tab, title)).to_be_enabled()
        _tab_to(tab, tick_of(tab, title))
        tab.page.keyboard.press("Space")
    tab.screenshot("consents-keyboard")
    _tab_to(tab, confirm_of(tab))
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/home")

    assert accepted(portal) == sorted(DOCUMENTS)


def _tab_to(tab: Tab, target: Locator) -> None:
    for _ in range(MAX_TABS):
        tab.page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"the Tab key does not reach {target}")


@pytest.mark.rule("LOGIN-3")
def test_a_short_text_counts_as_read(start_portal: StartPortal, tmp_path: Path, tab: Tab) -> None:
    system = start_portal(IDENTITY_CONSENT_DIR=str(write_texts(tmp_path / "texts", "短短的一行條文。")))
    tab.log_in(system.person(), consenting=False)

    for title in TITLES:
        tick_of(tab, title).check()
    tab.screenshot("consents-short").press("確認")

    assert tab.path == "/home"


@pytest.mark.rule("LOGIN-3")
def test_accepting_an_outdated_version_shows_the_current_texts(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False).expect_status(422)
    for title in TITLES:
        scroll_to_end(tab, title)
        tick_of(tab, title).check()
    tick_of(tab, TITLES[2]).evaluate("tick => { tick.value = 'hazard=older'; }")

    tab.press("確認").expect_text("請閱讀並同意最新版本的全部文件")

    assert (tab.status, tab.path, accepted(portal)) == (422, "/consents", [])
    expect(tick_of(tab, TITLES[0])).to_be_disabled()
    tab.screenshot("consents-outdated")


@pytest.mark.rule("LOGIN-3")
def test_without_script_each_text_has_its_own_page_and_button(portal: System, plain_tab: Tab) -> None:
    plain_tab.log_in(portal.person(), consenting=False).screenshot("consents")
    expect(tick_of(plain_tab, TITLES[0])).to_be_disabled()

    plain_tab.press("請改為逐份閱讀。").press("逐份閱讀文件")
    for title in TITLES:
        assert normalize(title) in plain_tab.heading
        assert accepted(portal) == []
        plain_tab.screenshot(f"consent-{title}").press("我已閱讀並同意")

    assert plain_tab.path == "/home"
    assert accepted(portal) == sorted(DOCUMENTS)


@pytest.mark.rule("LOGIN-3")
def test_if_the_script_fails_to_load_the_page_works_without_it(portal: System, tab: Tab) -> None:
    tab.page.route("**/consents.js", lambda route: route.fulfill(status=404))
    tab.expect_status(404).log_in(portal.person(), consenting=False).screenshot("consents-blocked")
    expect(tick_of(tab, TITLES[0])).to_be_disabled()

    tab.press("逐份閱讀文件")
    for _ in TITLES:
        tab.press("我已閱讀並同意")

    assert tab.path == "/home"


@pytest.mark.rule("LOGIN-3")
def test_with_script_the_no_script_links_are_hidden(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False)

    scroll_to_end(tab, TITLES[0])

    expect(tab.page.get_by_role("link", name="逐份閱讀文件")).to_be_hidden()


@pytest.mark.rule("LOGIN-3")
def test_without_script_the_texts_can_be_read_in_any_order(portal: System, plain_tab: Tab) -> None:
    plain_tab.log_in(portal.person(), consenting=False)

    plain_tab.go("/consents/hazard").press("我已閱讀並同意")
    plain_tab.page.go_back()
    plain_tab.press("我已閱讀並同意")
    titles = [plain_tab.heading]
    titles.append(plain_tab.press("我已閱讀並同意").heading)
    plain_tab.press("我已閱讀並同意")

    assert [normalize(title) in shown for title, shown in zip(TITLES, titles, strict=False)] == [True, True]
    assert plain_tab.path == "/home"


@pytest.mark.rule("LOGIN-3")
def test_an_unknown_text_is_a_404_page(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False).expect_status(404)

    tab.go("/consents/nothing")

    assert (tab.status, tab.heading) == (404, "找不到頁面")


@pytest.mark.rule("LOGIN-3")
def test_consents_accepted_in_another_tab_are_not_requested_again(portal: System, tab: Tab) -> None:
    tab.log_in(portal.person(), consenting=False)
    for title in TITLES:
        scroll_to_end(tab, title)
        tick_of(tab, title).check()
    other = tab.new_tab().go("/consents")
    for title in TITLES:
        scroll_to_end(other, title)
        tick_of(other, title).check()
    other.press("確認")

    tab.press("確認")

    assert (other.path, tab.path) == ("/home", "/home")
