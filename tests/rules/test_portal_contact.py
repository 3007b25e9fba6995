"""The agency's contact and statements on the pages (OPS-8)."""

import pytest

from tests.support.browser.html_page import HtmlPage
from tests.support.browser.text_normalization import visible_text
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.settings import CONTACT
from tests.support.harness.system import System

SHOWN = "電話07-1234567#12Emailpass@port.example.tw服務時間週一至週五8:00–17:00"


@pytest.mark.rule("OPS-8")
def test_contact_and_statements_are_in_the_footer_and_on_failure_pages(start_system: StartSystem) -> None:
    typed = CONTACT | {"IDENTITY_CONTACT_MAILBOX": "Pass@port.example.tw"}
    browser = start_system(**typed).visitor().http

    login, failure = browser.get("/"), browser.get("/nowhere")

    links = {link.href for link in HtmlPage(login.text).links}
    assert {"tel:071234567", "mailto:pass@port.example.tw"} <= links
    assert {CONTACT["IDENTITY_PRIVACY_URL"], CONTACT["IDENTITY_ACCESSIBILITY_URL"]} <= links
    assert f"臺灣港務股份有限公司{SHOWN}" in visible_text(login.text)
    assert f"請洽臺灣港務股份有限公司:{SHOWN}" in visible_text(failure.text)


@pytest.mark.rule("OPS-8")
def test_unset_contact_details_are_not_shown(system: System) -> None:
    browser = system.visitor().http

    shown = visible_text(browser.get("/nowhere").text)

    assert [
        word for word in ("電話", "服務時間", "隱私權政策", "無障礙聲明", "需要協助時") if word in shown
    ] == []
