"""From a port service through identity's pages and back, in a browser (OIDC-4, OIDC-6, OIDC-11, OIDC-28)."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from tests.support.actors.authorization_browser import query
from tests.support.actors.many_companies import bind_companies
from tests.support.actors.oidc_clients import register_oidc_client
from tests.support.actors.people import Person
from tests.support.browser.chromium import Site
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System
from tests.support.servers.lifecycle import serve_http

_PAGE = """<!doctype html><html lang="zh-Hant-TW"><head><title>服務</title><link rel="icon" href="data:,"></head>
<body><main><h1>回到服務</h1></main></body></html>"""


@pytest.fixture(scope="module")
def service_url() -> Iterator[str]:
    """The URL of a port service at another origin."""
    page = Response(_PAGE, content_type="text/html; charset=utf-8")
    with serve_http(make_server("127.0.0.1", 0, page, threaded=True)) as url:
        yield url


class Service:
    def __init__(self, system: System, url: str, **options: object) -> None:
        self.callback = f"{url}/callback"
        self._client = register_oidc_client(system, redirect_uris=[self.callback], **options).name

    def send(self, tab: Tab, **parameters: str) -> Tab:
        """Send a browser to the authorization endpoint."""
        request = query(self._client, redirect_uri=self.callback, **parameters)
        return tab.go(f"/oauth/authorize?{urlencode(request)}")

    def answer(self, tab: Tab) -> dict[str, list[str]]:
        """Wait until the browser has returned; return the parameters of the answer."""
        tab.page.wait_for_url(f"{self.callback}?**")
        return parse_qs(urlsplit(tab.page.url).query)


@pytest.fixture
def service(portal: System, service_url: str, site: Site) -> Service:
    site.monitor.hosts.add(urlsplit(service_url).netloc)
    return Service(portal, service_url, asks_consent=True, accepts=("general", "link"))


@pytest.mark.rule("OIDC-4", "OIDC-6", "OIDC-11", "OIDC-28")
def test_login_company_and_consent_lead_back_to_the_service(
    portal: System, tab: Tab, service: Service, holder: Person
) -> None:
    names = bind_companies(portal, holder, 9)
    portal.logged_in(holder)

    service.send(tab).screenshot("service-login")
    shown = tab.text
    tab.submit_login(holder).screenshot("service-companies")
    tab.fill({"搜尋公司、統編或帳號": "第7"}).expect_text("找到 1 家（共 9 家）").screenshot("service-search")
    tab.page.get_by_role("button", name=names[6]).click()
    tab.expect_text("將取得下列帳號的資料").screenshot("service-consent")
    tab.press("同意並繼續")

    assert normalize("登入後將前往 通行證系統") in shown
    assert service.answer(tab).keys() == {"code", "state", "iss"}
    assert portal.rows("SELECT binding_id FROM grants") == [("00000000-0000-4000-8000-000000000007",)]
    tab.go("/links")
    assert normalize("第7貨運股份有限公司 上次使用") in tab.text
    service.send(tab, prompt="select_account")
    expect(tab.page.locator(".company__name").first).to_have_text("第7貨運股份有限公司 目前使用")
    tab.screenshot("service-last").press("取消")
    assert service.answer(tab)["error"] == ["access_denied"]


@pytest.mark.rule("OIDC-4")
def test_detours_before_the_login_still_lead_to_the_service(
    portal: System, tab: Tab, service: Service, general: Person
) -> None:
    portal.logged_in(general)

    service.send(tab).press("忘記密碼？").fill(帳號=general.username, Email=general.email)
    tab.press("寄送重設密碼的連結").press("再試一次").press("前往登入").press("忘記帳號？").press("前往登入")
    tab.press("申請帳號").press("一般帳號").press("重新選擇帳號類型").screenshot("service-apply").press(
        "前往登入"
    )
    shown = tab.text
    tab.submit_login(general).press("同意並繼續")

    assert normalize("登入後將前往 通行證系統") in shown
    assert service.answer(tab).keys() == {"code", "state", "iss"}


@pytest.mark.rule("OIDC-4", "OIDC-28")
def test_login_and_consent_work_without_scripts(
    portal: System, plain_tab: Tab, service: Service, holder: Person
) -> None:
    names = bind_companies(portal, holder, 9)
    service.send(plain_tab).submit_login(holder).press("逐份閱讀文件")
    for _ in range(3):
        plain_tab.press("我已閱讀並同意")
    plain_tab.screenshot("service-companies").fill({"搜尋公司、統編或帳號": names[2]}).press("搜尋")
    plain_tab.page.get_by_role("button", name=names[2]).click()
    plain_tab.screenshot("service-consent").press("同意並繼續")

    assert service.answer(plain_tab).keys() == {"code", "state", "iss"}


@pytest.mark.rule("OIDC-4")
def test_the_back_button_leads_to_a_page_with_a_link_to_continue(
    portal: System, tab: Tab, service: Service, general: Person
) -> None:
    portal.logged_in(general)
    service.send(tab).submit_login(general).press("同意並繼續")
    service.answer(tab)

    tab.expect_status(410).page.go_back()
    tab.page.reload()

    assert tab.screenshot("service-gone").heading == normalize("這次的登入要求已失效")
    tab.press("返回「通行證系統」")
    assert normalize("回到服務") in tab.text


@pytest.mark.rule("OIDC-4")
def test_two_windows_log_in_for_two_companies(
    portal: System, tab: Tab, holder: Person, service_url: str, site: Site
) -> None:
    site.monitor.hosts.add(urlsplit(service_url).netloc)
    service = Service(portal, service_url)
    names = bind_companies(portal, holder, 2)
    tab.log_in(holder)
    windows = [tab, tab.new_tab()]

    for window in windows:
        service.send(window)
    for window, name in zip(windows, names, strict=True):
        window.page.get_by_role("button", name=name).click()
        service.answer(window)

    assert portal.rows("SELECT count(DISTINCT account_id) FROM grants") == [(2,)]


@pytest.mark.rule("OIDC-6")
def test_a_link_account_without_a_company_is_led_to_its_list(
    portal: System, tab: Tab, holder: Person, service_url: str, site: Site
) -> None:
    site.monitor.hosts.add(urlsplit(service_url).netloc)
    service = Service(portal, service_url)

    service.send(tab.log_in(holder)).screenshot("service-no-company")
    tab.press("已完成綁定，繼續").expect_text("目前仍沒有已通過驗證的綁定帳號").screenshot(
        "service-no-company-yet"
    )

    assert tab.heading == normalize("沒有可使用的公司")
    assert (
        tab.control("前往綁定帳號").is_visible()
        or tab.page.get_by_role("link", name="前往綁定帳號").is_visible()
    )


@pytest.mark.rule("OIDC-2", "OIDC-28")
def test_an_error_page_is_shown_and_an_app_gets_a_link_back(
    portal: System, tab: Tab, general: Person
) -> None:
    app = "tw.example.pass:/callback"
    client = register_oidc_client(portal, auth="none", redirect_uris=[app, "https://pass.example/back"]).name

    tab.expect_status(400).go(
        f"/oauth/authorize?{urlencode(query(client, redirect_uri='https://evil.example/'))}"
    )
    tab.screenshot("service-unproven")
    refused = tab.heading
    tab.log_in(general).go(f"/oauth/authorize?{urlencode(query(client, redirect_uri=app))}")
    tab.screenshot("service-app")

    link = tab.page.get_by_role("link", name="返回「通行證系統」").get_attribute("href") or ""
    assert (refused, link.startswith(f"{app}?code=")) == (normalize("無法前往服務"), True)
