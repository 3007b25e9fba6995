"""Information links, pass functions, the agency's contact and 忘記帳號 in a browser."""

import pytest

from tests.portal.conftest import StartPortal
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize
from tests.support.harness.settings import CONTACT

ELSEWHERE = {
    "IDENTITY_INFORMATION_URL": "https://info.example.tw/",
    "IDENTITY_MANUAL_URL": "https://info.example.tw/manual.pdf",
    "IDENTITY_QUESTIONS_URL": "https://info.example.tw/faq",
    "IDENTITY_PASS_APPLY_URL": "https://pass.example.tw/apply",
    "IDENTITY_PASS_QUERY_URL": "https://pass.example.tw/query",
    "IDENTITY_PASS_PRINT_URL": "https://pass.example.tw/print",
}
BANNER = "通行證資訊網/FAQ:提供通行證申請與操作常見問題與解答,歡迎多加參考利用。"


@pytest.mark.rule("LOGIN-5", "SW-1")
def test_a_general_account_finds_information_and_pass_functions(start_portal: StartPortal, tab: Tab) -> None:
    portal = start_portal(**ELSEWHERE)

    tab.go("/").screenshot("login-with-links").log_in(portal.person())
    if tab.page.get_by_role("link", name="通行證操作手冊").filter(visible=True).count() == 0:
        tab.page.locator("header summary").click()

    tab.screenshot("home-with-links")
    leads = {
        normalize(link.inner_text()): link.get_attribute("href")
        for link in tab.page.get_by_role("link").filter(visible=True).all()
    }
    assert leads[normalize(BANNER)] == ELSEWHERE["IDENTITY_INFORMATION_URL"]
    assert leads["通行證操作手冊"] == ELSEWHERE["IDENTITY_MANUAL_URL"]
    assert leads["申請常見問題與解答"] == ELSEWHERE["IDENTITY_QUESTIONS_URL"]
    assert any(words.startswith("申請通行證") for words in leads)


@pytest.mark.rule("LOGIN-9", "OPS-8")
def test_a_person_who_forgot_the_account_is_mailed_its_name_and_sees_the_contact(
    start_portal: StartPortal, tab: Tab
) -> None:
    portal = start_portal(**CONTACT)
    person = portal.person()

    tab.go("/").press("忘記帳號？").screenshot("usernames-forgotten")
    tab.expect_status(422).press("寄送通知信").screenshot("usernames-forgotten-invalid")
    tab.fill(Email=person.email).press("寄送通知信").screenshot("usernames-forgotten-sent")
    footer = normalize(tab.page.locator("footer").inner_text())
    tab.expect_status(404).go("/nowhere").screenshot("failure-404-contact")

    assert person.username in portal.mail(person.email, "帳號查詢").text
    assert normalize(CONTACT["IDENTITY_CONTACT_PHONE"]) in footer
