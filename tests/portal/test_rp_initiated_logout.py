"""A logout that a service requests and the person confirms (OIDC-23)."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlencode, urlsplit

import pytest

from tests.support.actors.grants import add_oidc_client
from tests.support.actors.people import Person
from tests.support.browser.chromium import Site
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System
from tests.support.servers.lifecycle import serve_http


class _Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        page = "<!doctype html><html lang=zh-Hant-TW><link rel=icon href=data:,><title>服務</title><h1>已登出服務</h1>"
        self.wfile.write(page.encode())

    def log_message(self, *_: object) -> None: ...


@contextmanager
def service(site: Site) -> Iterator[str]:
    """Run a service's website on a separate origin."""
    with serve_http(HTTPServer(("127.0.0.1", 0), _Service)) as url:
        site.monitor.hosts.add(urlsplit(url).netloc)
        yield url


def ask(tab: Tab, **parameters: str) -> Tab:
    """Open the logout page like a redirect from a service."""
    return tab.go(f"/oauth/logout?{urlencode(parameters)}")


@pytest.mark.rule("OIDC-23", "OIDC-28")
def test_the_button_logs_out_and_leads_back_to_the_service(
    portal: System, general: Person, site: Site, tab: Tab
) -> None:
    with service(site) as url:
        client = add_oidc_client(portal, post_logout_uris=[f"{url}/bye"])
        tab.log_in(general)

        ask(tab, client_id=client, post_logout_redirect_uri=f"{url}/bye", state="s").screenshot(
            "service-logout"
        )
        question = tab.text
        tab.press("確定登出")
        tab.page.wait_for_url(f"{url}/bye?state=s")

    assert normalize("「通行證系統」要求將您登出") in question
    assert normalize(general.username) in question
    assert tab.go("/").heading == normalize("通行證系統登入作業")


@pytest.mark.rule("OIDC-23")
def test_a_person_may_stay_logged_in_or_log_out_on_our_page(
    portal: System, general: Person, tab: Tab
) -> None:
    client = add_oidc_client(portal)
    tab.log_in(general)

    ask(tab, client_id=client).press("不登出，回首頁")
    stayed = tab.header
    ask(tab, client_id=client).press("確定登出").screenshot("service-logged-out")

    assert normalize("王小花") in stayed
    assert tab.heading == normalize("已登出")


@pytest.mark.rule("OIDC-23")
def test_a_damaged_logout_request_is_explained(portal: System, general: Person, tab: Tab) -> None:
    tab.log_in(general).expect_status(400)

    ask(tab, id_token_hint="damaged", client_id=add_oidc_client(portal)).screenshot("service-logout-refused")

    assert tab.heading == normalize("無法登出")
    assert normalize("「通行證系統」傳來的登出要求不正確") in tab.text


@pytest.mark.rule("OIDC-23")
def test_a_requested_logout_works_without_scripts(portal: System, general: Person, plain_tab: Tab) -> None:
    plain_tab.log_in(general)

    ask(plain_tab, client_id=add_oidc_client(portal)).press("確定登出")

    assert plain_tab.heading == normalize("已登出")
