"""The mail that verifies a mailbox (VER-1)."""

from email.utils import parseaddr

import pytest

from tests.support.browser.text_normalization import normalize, visible_text
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

SENDER = "港區通行證應用管理系統工作小組"
KINDS = {"link": "鏈結帳號", "general": "一般帳號"}
BOTH = (
    "錢大明 您好:",
    "無法點選時請複製下列網址至您的瀏覽器網址列。",
    "※注意:認證信有效時限為24小時,24小時後認證連結將自動失效,需重新登入申請補發。",
    "驗證信不可轉寄至其他信箱做驗證",
)
LINK_ONLY = (
    "驗證成功即可登入通行證系統進行一般帳號綁定功能。",
    "鏈結帳號必須與「一般帳號」綁定後登入使用,若您還沒有一般帳號,請先完成一般帳號註冊。",
    "如果您只有單一家公司要辦理通行證,並且還沒有一般帳號,請直接註冊「一般帳號」做登入使用。",
)


@pytest.mark.rule("VER-1")
@pytest.mark.parametrize("kind", ["link", "general"])
def test_registration_sends_the_manuals_mail(system: System, kind: str) -> None:
    person = system.register(kind)

    mail = system.mail(person.email)

    assert normalize(mail.subject) == normalize(f"通行證系統{KINDS[kind]}註冊通知信件")
    assert parseaddr(str(mail.headers["From"]))[0] == SENDER
    thanks = f"感謝您在通行證系統上註冊了一個新{KINDS[kind]}{person.username},請點擊下面的連結完成Email驗證,"
    for body in (normalize(mail.text), visible_text(mail.html)):
        assert [part for part in (thanks, *BOTH) if normalize(part) not in body] == []


@pytest.mark.rule("VER-1")
def test_only_a_link_accounts_mail_has_the_manuals_two_notes(
    system: System,
) -> None:
    link, general = system.register("link"), system.register("general")

    of_link, of_general = system.mail(link.email), system.mail(general.email)

    for body in (normalize(of_link.text), visible_text(of_link.html)):
        assert [part for part in LINK_ONLY if normalize(part) not in body] == []
    for body in (normalize(of_general.text), visible_text(of_general.html)):
        assert [part for part in LINK_ONLY if normalize(part) in body] == []


@pytest.mark.rule("VER-1", "REV-1")
def test_the_mail_mentions_a_review_if_the_account_will_be_reviewed(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="link")
    reviewed, other = system.register("link"), system.register("general")

    of_reviewed, of_other = system.mail(reviewed.email), system.mail(other.email)

    assert "此帳號另須經系統管理單位審核，審核通過後才能使用上述功能" in of_reviewed.text
    assert "審核" not in of_other.text


@pytest.mark.rule("VER-1")
def test_the_text_and_html_bodies_have_the_same_address(system: System) -> None:
    mail = system.mail(system.register().email)

    assert mail.link.startswith(f"{PUBLIC_URL}/email/verify?token=")
    assert mail.html.count(mail.link) >= 2
    assert f'href="{mail.link}"' in mail.html
