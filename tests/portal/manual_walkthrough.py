"""Follows the steps of the manual in the portal and checks their texts."""

from dataclasses import dataclass, field

from playwright.sync_api import expect

from tests.support.actors.people import PASSWORD, Person, unique
from tests.support.actors.registration_form import by_label, valid_fields
from tests.support.browser.tab import Tab
from tests.support.browser.text_normalization import normalize, text_pattern
from tests.support.harness.system import System

_CONSENTS = ("個資同意使用", "授權聲明", "危害告知")
_CODE_SENT = "[鏈結帳號綁定驗證碼通知]已發送到被綁定帳號的 Email信箱!請聯繫帳號使用者取得[驗證碼]。"
_EMAIL_ASKED = (
    "本帳號已經成功修改,為了確認 Email 帳戶的唯一性與暢通,請至您更新的 Email 信箱收取驗證信,"
    "認證信有效時限為 24 小時,驗證完成後 Email 才會完成更新!!"
)


@dataclass
class ManualWalkthrough:
    """A person's tab. `fields` contains the values of the registration by the form's field names."""

    system: System
    tab: Tab
    fields: dict[str, str] = field(default_factory=lambda: valid_fields(username=f"number{unique()}"))

    def expect_texts(self, *sentences: str) -> None:
        for one in sentences:
            self.tab.expect_text(one)

    def expect_title(self, title: str) -> None:
        expect(self.tab.page.locator("h1")).to_have_text(text_pattern(title, whole=True), use_inner_text=True)

    def log_in(self) -> None:
        """Log in (step 18)."""
        self.tab.fill(使用者帳號=self.fields["username"], 使用者密碼=PASSWORD).press("登入")

    def apply_for_link_account(self) -> None:
        """Register a link account (steps 1 to 15)."""
        self.tab.go("/").screenshot("manual-01-login").press("申請帳號").screenshot("manual-02-kinds")
        self.expect_texts("申請帳號類型", "【鏈結帳號說明】", "【一般帳號說明】")
        self.tab.press("鏈結帳號").screenshot("manual-03-application")
        self.expect_texts("鏈結帳號申請", "帳號資料", "公司資料", "政府機關可填機關代碼")
        self.tab.fill(by_label(self.fields)).screenshot("manual-12-filled").press("送出")
        self.tab.confirm("確定要送出申請??")
        assert self.tab.dialog_text == normalize("鏈結帳號資料已經成功送出,請收取驗證信!!")
        self.tab.screenshot("manual-15-sent").confirm("鏈結帳號資料已經成功送出,請收取驗證信!!")

    def verify_mailbox(self) -> None:
        """Follow the mailed link (steps 16 and 17)."""
        mail = self.system.mail(self.fields["email"], "通行證系統鏈結帳號註冊通知信件")
        assert mail.subject == "通行證系統鏈結帳號註冊通知信件"
        assert normalize(f"感謝您在通行證系統上註冊了一個新鏈結帳號{self.fields['username']}") in normalize(
            mail.text
        )
        self.tab.open_link(mail).screenshot("manual-16-link").press("完成 Email 驗證").screenshot(
            "manual-17-verified"
        )
        self.expect_title("Email驗證成功")
        self.tab.press("前往登入")
        self.expect_title("通行證系統登入作業")

    def log_in_first(self) -> None:
        """Log in and accept the three consents (steps 18 to 21)."""
        self.log_in()
        self.expect_texts("個資同意使用/授權聲明/危害告知")
        for title in _CONSENTS:
            expect(self.tab.checkbox(f"我同意{title}")).to_be_disabled()
            self.tab.scroll_to_end(f"{title}全文")
            expect(self.tab.checkbox(f"我同意{title}")).to_be_enabled()
            self.tab.tick(f"我同意{title}")
        self.tab.screenshot("manual-20-consents").press("確認").screenshot("manual-21-links")
        self.expect_title("鏈結帳號管理與登入")
        assert normalize("錢大明(錢大明股份有限公司 / 鏈結帳號)") in self.tab.header
        self.expect_texts("提醒:使用「鏈結帳號」登入不能直接操作系統(申辦通行證)。")

    def bind(self, general: Person) -> None:
        """Bind a general account and enter its code (Bind, steps 2 to 10)."""
        self.tab.press("綁定帳號").fill(帳號=general.username, 密碼=PASSWORD)
        self.tab.screenshot("binding-05-dialog").press("綁定").screenshot("binding-06-sent").confirm(
            _CODE_SENT
        )
        self.expect_texts("綁定帳號清單:【點選帳號切換登入公司】", general.username, "※尚未進行驗證!!")
        mail = self.system.mail(general.email, "驗證碼")
        assert mail.subject == "鏈結帳號綁定驗證碼通知"
        self.tab.choose(general.username).screenshot("binding-08-chosen")
        self.tab.fill({"請輸入6位數字驗證碼": mail.code}).press("驗證")
        self.tab.screenshot("binding-10-done").confirm("帳號綁定驗證成功!!")
        self.expect_texts("※已通過驗證!!")

    def switch_and_return(self, general: Person, company: str) -> None:
        """Switch to the general account and back (Bind, steps 11 to 14)."""
        self.tab.choose(general.username).screenshot("binding-12-chosen").press("登入").screenshot(
            "binding-13-switched"
        )
        assert normalize(f"({company})") in self.tab.header
        assert normalize("鏈結帳號)") not in self.tab.header
        self.tab.press_in_menu("前往鏈結帳號管理與登入")
        self.expect_title("鏈結帳號管理與登入")

    def log_out(self) -> None:
        """Log out (Bind, step 15)."""
        self.tab.press_in_menu("登出")
        self.expect_title("通行證系統登入作業")

    def unbind(self, general: Person) -> None:
        """Unbind as the link account (解除一般帳號綁定, steps 1 to 4)."""
        self.tab.choose(general.username).press("解除帳號").expect_text("請確認解除綁定帳號為")
        self.tab.screenshot("unbinding-04-question")
        self.tab.confirm(f"請確認解除綁定帳號為:【{general.username}】!!").confirm("已解除綁定")
        assert self.tab.page.get_by_role("link", name=general.username, exact=True).count() == 0

    def unbind_own_account(self, general: Person) -> None:
        """Unbind as the general account in another browser (解除一般帳號綁定, steps 1 to 4)."""
        holder = self.tab.new_browser()
        holder.log_in(general).press_in_menu("帳號資料修改")
        assert holder.heading == normalize("帳號資料修改")
        assert normalize("帳號被綁定資訊已綁定並驗證") in holder.text
        holder.press("解除綁定").confirm("確定要解除綁定??")
        holder.screenshot("unbinding-own-04-done").confirm("帳號解除綁定成功!!")
        assert normalize("帳號被綁定資訊未被綁定") in holder.text

    def dismiss_removed_binding(self, general: Person) -> None:
        self.tab.go("/links").choose(general.username).screenshot("unbinding-removed")
        self.expect_texts("已被解除")
        self.tab.press("從清單移除").confirm("已從清單移除")
        assert normalize(general.username) not in self.tab.text

    def change_profile(self) -> str:
        """Change the profile (鏈結帳號資料修改, steps 1 to 7); return the new mailbox."""
        mailbox = f"new{self.fields['email']}"
        self.tab.press_in_menu("鏈結帳號資料修改")
        self.expect_title("鏈結帳號資料修改")
        self.expect_texts("在此修改公司電話並不會同步變更公司基本資料")
        self.tab.fill(姓名="錢小明", 手機電話="0987-654-321", 公司電話="07-12345678", Email=mailbox)
        self.tab.fill(目前密碼=PASSWORD).screenshot("profile-06-filled").press("儲存").confirm(
            "確定要儲存資料??"
        )
        assert self.tab.dialog_text == normalize(_EMAIL_ASKED)
        self.tab.screenshot("profile-07-saved").confirm(_EMAIL_ASKED)
        return mailbox

    def verify_new_mailbox(self, mailbox: str) -> None:
        """Follow the link in the new mailbox (※修改 Email 注意事項, 3 and 4)."""
        self.tab.open_link(self.system.mail(mailbox)).press("完成新 Email 驗證").screenshot(
            "profile-email-verified"
        )
        self.expect_texts("Email驗證成功", "請重新登入確認 Email 資訊是否正確!!")

    def expect_new_data(self, mailbox: str) -> None:
        """Log in, unless the session continues, and assert that the profile shows the new data."""
        self.tab.go("/")
        if self.tab.path == "/":
            self.log_in()
        self.tab.press_in_menu("鏈結帳號資料修改")
        labels = ("姓名", "手機電話", "公司電話", "Email")
        shown = [self.tab.field(label).input_value() for label in labels]
        assert shown == ["錢小明", "0987654321", "07-12345678", mailbox]
