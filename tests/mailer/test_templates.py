"""The texts of mails (MAIL-1), and templates of operators that replace them (MAIL-6)."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from port_runtime.terminal_tables import display_width

from mailer.adapters.mail_texts import samples
from mailer.adapters.renderer import BrokenTemplateError, CommonValues, TemplateRenderer
from mailer.domain.flowed_text import COLUMNS
from mailer.domain.mail_kinds import MAILS
from mailer.usecases.delivery_ports import Rendered
from tests.mailer.harness import PUBLIC_URL
from tests.mailer.html_to_text import squeezed, visible
from tests.support.servers.format_flowed import unflowed

SENDER = "港區通行證應用管理系統工作小組"
COMMON = CommonValues(sender=SENDER, public_url=PUBLIC_URL, can_reply=False)
SAMPLE_CODE = "314159"
ALL = [(name, number) for name in sorted(MAILS) for number, _ in enumerate(samples(name, PUBLIC_URL))]


@pytest.fixture(scope="module")
def renderer() -> TemplateRenderer:
    return TemplateRenderer(COMMON)


def rendered(renderer: TemplateRenderer, name: str, number: int = 0) -> Rendered:
    return renderer.render(MAILS[name], list(renderer.samples(MAILS[name]))[number])


@pytest.mark.rule("MAIL-1")
@pytest.mark.parametrize(("name", "number"), ALL)
def test_html_and_plain_text_have_the_same_content(
    renderer: TemplateRenderer, name: str, number: int
) -> None:
    mail = rendered(renderer, name, number)

    text = squeezed(unflowed(mail.text)).replace("--" + SENDER, SENDER)

    assert squeezed(visible(mail.html)) == SENDER + squeezed(mail.subject) + text


@pytest.mark.rule("MAIL-1")
@pytest.mark.parametrize(("name", "number"), ALL)
def test_lines_of_plain_text_fit_a_narrow_terminal(
    renderer: TemplateRenderer, name: str, number: int
) -> None:
    lines = rendered(renderer, name, number).text.split("\n")

    too_wide = [line for line in lines if display_width(line) > COLUMNS and not line.startswith("http")]

    assert too_wide == []


@pytest.mark.rule("MAIL-1")
@pytest.mark.parametrize(("name", "number"), ALL)
def test_punctuation_is_full_width_beside_chinese(renderer: TemplateRenderer, name: str, number: int) -> None:
    text = rendered(renderer, name, number).text

    assert not re.findall(r"[\u4e00-\u9fff][,:;!?()]|[,;!?()][\u4e00-\u9fff]", text)


@pytest.mark.rule("MAIL-1")
@pytest.mark.parametrize(("name", "number"), ALL)
def test_a_space_is_between_chinese_and_latin(renderer: TemplateRenderer, name: str, number: int) -> None:
    mail = rendered(renderer, name, number)

    for text in (mail.subject, unflowed(mail.text), visible(mail.html)):
        assert not re.findall(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text)


@pytest.mark.parametrize(("name", "number"), ALL)
def test_every_mail_shows_the_time_of_its_request(renderer: TemplateRenderer, name: str, number: int) -> None:
    mail = rendered(renderer, name, number)

    assert "2026/01/05 14:03（臺灣時間）" in unflowed(mail.text)  # 06:03 in UTC


@pytest.mark.rule("MAIL-1")
@pytest.mark.parametrize("name", sorted(MAILS.keys() - {"usernames"}))
def test_preheader_and_first_lines_name_account_and_company(renderer: TemplateRenderer, name: str) -> None:
    """A mailbox may receive mails for several companies with the same subject."""
    sample = next(renderer.samples(MAILS[name])).content
    mail = rendered(renderer, name)

    preheader = mail.html.split("mso-hide:all", 1)[1].split("&zwnj;", 1)[0]
    beginning = unflowed(mail.text).split("\n\n")[1:3]
    for value in (sample["username"], sample["company"]):
        assert value in preheader
        assert value in "".join(beginning)


@pytest.mark.parametrize("name", sorted(MAILS))
def test_no_subject_contains_a_secret(renderer: TemplateRenderer, name: str) -> None:
    subject = rendered(renderer, name).subject

    assert SAMPLE_CODE not in subject
    assert "http" not in subject
    assert "\n" not in subject


@pytest.mark.rule("VER-1")
def test_the_link_accounts_registration_mail_follows_the_manual(renderer: TemplateRenderer) -> None:
    mail = rendered(renderer, "registration_link")

    for sentence in (
        "錢大明 您好:",
        "感謝您在通行證系統上註冊了一個新鏈結帳號number01,請點擊下面的連結完成Email驗證,",
        "驗證成功即可登入通行證系統進行一般帳號綁定功能。",
        "無法點選時請複製下列網址至您的瀏覽器網址列。",
        "※注意:認證信有效時限為24小時,24小時後認證連結將自動失效,需重新登入申請補發。",
        "鏈結帳號必須與「一般帳號」綁定後登入使用,若您還沒有一般帳號,請先完成一般帳號註冊。",
        "如果您只有單一家公司要辦理通行證,並且還沒有一般帳號,請直接註冊「一般帳號」做登入使用。",
        "驗證信不可轉寄至其他信箱做驗證",
    ):
        assert squeezed(sentence) in squeezed(mail.text), sentence
    assert mail.subject == "通行證系統鏈結帳號註冊通知信件"
    assert f"{PUBLIC_URL}/email/verify?token=" in mail.text


@pytest.mark.rule("VER-1")
def test_the_general_accounts_registration_mail_has_the_same_wording(renderer: TemplateRenderer) -> None:
    mail = rendered(renderer, "registration_general")

    assert mail.subject == "通行證系統一般帳號註冊通知信件"
    assert squeezed("註冊了一個新一般帳號account001,請點擊下面的連結完成Email驗證") in squeezed(mail.text)
    assert "鏈結帳號" not in mail.text


@pytest.mark.rule("VER-1", "REV-1")
@pytest.mark.parametrize("name", ["registration_link", "registration_general"])
def test_a_registration_mail_mentions_a_review_if_the_account_will_be_reviewed(
    renderer: TemplateRenderer, name: str
) -> None:
    none, pending, unknown = (
        squeezed(unflowed(rendered(renderer, name, number).text)) for number in range(3)
    )

    assert "審核" not in none
    assert (
        squeezed("此帳號另須經系統管理單位審核，審核通過後才能使用上述功能，結果將以 Email 通知。") in pending
    )
    assert squeezed("若帳號須經審核，審核通過後才能使用上述功能，結果將以 Email 通知。") in unknown


@pytest.mark.rule("UNB-5")
def test_the_mail_of_a_reset_mentions_the_binding_only_to_a_general_account(
    renderer: TemplateRenderer,
) -> None:
    texts = [unflowed(rendered(renderer, "password_reset", number).text) for number in range(3)]

    assert ["綁定將一併解除" in text for text in texts] == [
        True,
        False,
        True,
    ]  # the last request has no kind of account


@pytest.mark.rule("PRO-2", "OPS-1")
def test_the_mail_of_an_email_change_does_not_name_the_requester(renderer: TemplateRenderer) -> None:
    mail = rendered(renderer, "email_change")

    assert "通行證系統帳號「number01」（錢大明股份有限公司）申請將 Email 變更為本信箱" in unflowed(mail.text)
    assert "您申請" not in mail.text


@pytest.mark.rule("BIND-7")
def test_the_code_mail_names_requester_code_and_validity_with_a_warning(
    renderer: TemplateRenderer,
) -> None:
    mail = rendered(renderer, "bind_code")

    assert mail.subject == "鏈結帳號綁定驗證碼通知"
    for part in (
        "number01",
        "錢大明",
        "錢大明股份有限公司",
        SAMPLE_CODE,
        "24小時",
        "對方須輸入您的密碼才能提出此申請",
        f"請立即登入通行證系統解除綁定並修改密碼:{PUBLIC_URL}/",
        "請勿將驗證碼提供給任何人",
    ):
        assert part in squeezed(mail.text), part


@pytest.mark.rule("SEC-13")
def test_user_input_is_escaped_in_html(renderer: TemplateRenderer) -> None:
    sample = next(renderer.samples(MAILS["rejected"]))
    content = {**sample.content, "reason": "<b onclick='x()'>&</b>"}
    payload = replace(sample, name="<script>", content=content)

    html = renderer.render(MAILS["rejected"], payload).html

    assert "<script>" not in html
    assert "<b onclick" not in html


@pytest.mark.rule("MAIL-6")
def test_an_operators_file_replaces_one_built_in_file(tmp_path: Path) -> None:
    (tmp_path / "bind_code").mkdir()
    (tmp_path / "bind_code" / "subject.txt").write_text("自訂主旨 {{ username }}", encoding="utf-8")

    own = TemplateRenderer(COMMON, tmp_path)

    assert rendered(own, "bind_code").subject == "自訂主旨 account001"
    assert SAMPLE_CODE in rendered(own, "bind_code").text


@pytest.mark.rule("MAIL-6")
def test_a_file_that_replaces_no_template_is_reported(tmp_path: Path) -> None:
    (tmp_path / "bind_kode").mkdir()
    (tmp_path / "bind_kode" / "subject.txt").write_text("x", encoding="utf-8")

    own = TemplateRenderer(COMMON, tmp_path)

    assert own.unknown_files() == ["bind_kode/subject.txt"]


@pytest.mark.rule("MAIL-5", "MAIL-6")
@pytest.mark.parametrize(
    "source",
    [
        "{% if %}",
        "{{ no_such_value }}",
        "{% extends 'no_such_base.txt' %}",
        "{% include 'missing.txt' %}",
        "   ",
        "{{ 1 / 0 }}",
    ],
)
def test_a_broken_template_prevents_the_start_and_is_named(tmp_path: Path, source: str) -> None:
    (tmp_path / "approved").mkdir()
    (tmp_path / "approved" / "body.txt").write_text(source, encoding="utf-8")

    with pytest.raises(BrokenTemplateError, match=r"^approved/body\.txt[:,]"):
        TemplateRenderer(COMMON, tmp_path)


@pytest.mark.rule("MAIL-6")
@pytest.mark.parametrize("name", ["footer.txt", "footer.html"])
@pytest.mark.parametrize(
    "source", ["{% if %}", "{{ no_such_value }}", "{% include 'missing.txt' %}", "{{ 1 / 0 }}"]
)
def test_a_broken_footer_prevents_the_start_and_is_named(tmp_path: Path, name: str, source: str) -> None:
    (tmp_path / "_base").mkdir()
    (tmp_path / "_base" / name).write_text(source, encoding="utf-8")

    with pytest.raises(BrokenTemplateError, match=rf"^_base/{name}[:,]"):
        TemplateRenderer(COMMON, tmp_path)


@pytest.mark.rule("MAIL-6")
def test_a_template_that_is_not_utf_8_is_named(tmp_path: Path) -> None:
    (tmp_path / "approved").mkdir()
    (tmp_path / "approved" / "body.txt").write_bytes("通行證".encode("big5"))

    with pytest.raises(BrokenTemplateError, match=r"approved/body\.txt"):
        TemplateRenderer(COMMON, tmp_path)


@pytest.mark.rule("MAIL-6")
def test_an_operators_copies_of_an_earlier_base_template_still_work(tmp_path: Path) -> None:
    macros = ("p()", "note()", "small()", "button(url, label)", "address(url)", "code(digits)")
    shown = {"p()": "caller()", "note()": "caller()", "small()": "caller()"}
    (tmp_path / "_base").mkdir()
    (tmp_path / "_base" / "parts.html").write_text(
        "".join(
            f"{{% macro {each} %}}{{{{ {shown.get(each, 'varargs')} }}}}{{% endmacro %}}" for each in macros
        )
    )
    for form in ("html", "txt"):
        (tmp_path / "_base" / f"layout.{form}").write_text(
            "自訂 {{ sender }} {{ name }} {{ can_reply }} {% block content %}{% endblock %}", encoding="utf-8"
        )

    own = TemplateRenderer(COMMON, tmp_path)

    assert "自訂" in rendered(own, "registration_link").html
    assert "鏈結帳號必須與" in rendered(own, "registration_link").text
