"""The sample port service of `make run DEMO=1` in a browser."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Route, expect

from deploy.local.demo import LINK, UNVERIFIED, VERIFIED
from deploy.local.demo import Person as SamplePerson
from deploy.local.mailbox_client import CODE
from tests.support.actors.people import Person, Visitor
from tests.support.browser.chromium import BrowserMonitor, Browsers, Site
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.local_run import LocalRun

NARROW, WIDE = 360, 1280
THROWN_OUT_WITHIN_MS = 5_000
ALL_RIGHTS = normalize("可使用的功能申請通行證查詢申請進度列印通行證")
Tabs = dict[str, Tab]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """A running copy with its sample accounts; each test uses accounts that no other test changes."""
    copy = LocalRun(tmp_path_factory.mktemp("demo") / "copy", DEMO="1")
    copy.wait_for("Sample accounts")
    yield copy
    copy.destroy()


@pytest.fixture
def browsers(copy: LocalRun, chromium: Browser) -> Iterator[Browsers]:
    """Browsers that may open only the portal and the service."""
    hosts = {urlsplit(url).netloc for url in (copy.identity_url, copy.pass_demo_url)}
    with ExitStack() as stack:
        browsers = Browsers(chromium, BrowserMonitor(hosts), stack)
        yield browsers
    assert browsers.monitor.problems() == []


def open_tab(browsers: Browsers, url: str, *, scripts: bool = True) -> Tab:
    tab = Tab(browsers.open_window(WIDE, scripts=scripts), Site(browsers.monitor), browsers, scripts=scripts)
    tab.page.goto(url)
    return tab


def person(copy: LocalRun, sample: SamplePerson) -> Person:
    password = json.loads((copy.run_dir / "demo.json").read_text())[sample.username]
    return Person("", sample.kind, sample.username, sample.email, password)


def mailed_code(copy: LocalRun, sample: SamplePerson) -> str:
    mails = httpx.get(f"{copy.mailbox_url}/", trust_env=False).json()["data"]
    numbers = [mail["id"] for mail in mails if sample.email in mail["recipients_envelope"]]
    text = httpx.get(f"{copy.mailbox_url}/{max(numbers)}.plain", trust_env=False).text
    codes: list[str] = CODE.findall(text)
    return codes[0]


def take_pictures(tab: Tab, name: str) -> None:
    """Take screenshots of the page at both widths, without the page's automatic reload."""

    def without_refresh(route: Route) -> None:
        response = route.fetch()
        headers = {key: value for key, value in response.headers.items() if key != "refresh"}
        route.fulfill(response=response, headers=headers)

    tab.page.route(tab.page.url, without_refresh)
    tab.page.reload()
    for width in (NARROW, WIDE):
        tab.page.set_viewport_size({"width": width, "height": 800})
        tab.screenshot(f"pass-demo-{name}")
    tab.page.unroute(tab.page.url)
    tab.page.reload()


@pytest.mark.rule("OPS-3", "OIDC-6", "OIDC-20", "OIDC-22")
def test_a_link_account_acts_for_a_company_until_its_binding_ends(copy: LocalRun, browsers: Browsers) -> None:
    service = open_tab(browsers, copy.pass_demo_url)
    take_pictures(service, "welcome")
    service.press("登入").expect_text("登入後將前往 通行證作業（示範）").submit_login(person(copy, LINK))
    expect(service.page.locator("h1")).to_have_text(VERIFIED.company)
    first = service.text

    portal = service.new_tab()
    portal.page.goto(copy.identity_url)
    portal.choose(UNVERIFIED.username).fill({"請輸入6位數字驗證碼": mailed_code(copy, UNVERIFIED)})
    portal.press("驗證").confirm("帳號綁定驗證成功！！")
    service.press("切換公司").choose(UNVERIFIED.username)
    expect(service.page.locator("h1")).to_have_text(UNVERIFIED.company)
    take_pictures(service, "person")
    header, second = service.header, service.text

    portal.choose(UNVERIFIED.username).press("解除帳號").confirm("請確認解除綁定帳號為")
    expect(service.page.locator("h1")).to_have_text("您已被登出", timeout=THROWN_OUT_WITHIN_MS)
    take_pictures(service, "ended")
    service.press("重新登入")

    assert normalize(f"由鏈結帳號 {LINK.username}（{LINK.name}）代表公司登入") in first
    assert ALL_RIGHTS in first
    assert normalize(f"{UNVERIFIED.name}（{UNVERIFIED.company}）操作人員：{LINK.name}") in header
    assert normalize(f"統一編號{UNVERIFIED.tax_id}") in second
    assert service.heading == normalize(VERIFIED.company)


@pytest.mark.rule("OIDC-23", "LOGIN-5")
def test_a_general_account_enters_from_the_portal_and_logs_out_of_both(
    copy: LocalRun, browsers: Browsers
) -> None:
    general = person(copy, VERIFIED)
    visitor = Visitor(copy.identity_url)
    visitor.log_in(general)
    visitor.accept_consents()
    visitor.close()
    tab = open_tab(browsers, copy.identity_url).submit_login(general)

    tab.page.get_by_role("link", name="列印通行證").click()
    expect(tab.page.locator("h1")).to_have_text("列印通行證")
    take_pictures(tab, "task")
    shown, header = tab.text, tab.header
    tab.press("登出")
    expect(tab.page.locator("h1")).to_have_text("已登出")
    tab.page.reload()
    expect(tab.page.locator("h1")).to_have_text("請先登入")
    tab.press("前往港區通行證系統")

    assert normalize("以一般帳號直接登入") in shown
    assert normalize("切換公司") not in shown
    assert normalize("登出時，您在港區通行證系統的登入也會結束") in shown
    assert normalize(f"{VERIFIED.name}（{VERIFIED.company}）") in header
    assert normalize("示範港務公司電話07-0000000") in normalize(tab.page.locator("footer").inner_text())
    assert normalize(VERIFIED.company) in shown
    assert tab.heading == normalize("通行證系統登入作業")


@pytest.mark.rule("OIDC-4")
def test_a_cancelled_login_leads_back_to_the_service_without_scripts_too(
    copy: LocalRun, browsers: Browsers
) -> None:
    tab = open_tab(browsers, copy.pass_demo_url, scripts=False)

    tab.press("登入").press("取消")
    cancelled = tab.screenshot("pass-demo-cancelled").heading
    tab.press("再試一次").submit_login(person(copy, LINK))

    assert cancelled == normalize("您已取消")
    assert normalize(LINK.username) in tab.text
