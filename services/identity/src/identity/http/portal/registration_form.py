"""The form of 帳號申請: its two sections, and the rule of each field (REG-2 to REG-8, REG-10, REG-11)."""

from collections.abc import Mapping, Sequence
from typing import Any

from identity.domain import company, person
from identity.domain.account import Kind, Registration
from identity.domain.company import Company
from identity.domain.password import normalized
from identity.http import problems
from identity.http.context import ports
from identity.http.portal.forms import Form, SecretField, TextField, check_repeated
from identity.http.validation import parse_tax_id, password_errors

_TYPE_AGAIN = "為了安全，密碼不會保留，請重新輸入"


class RegistrationForm(Form):
    """帳號資料 and 公司資料, in the manual's order (steps 3 to 12)."""

    username = TextField(
        "帳號",
        person.parse_username,
        hint="例：example1234",
        help="帳號由您自行設定：4 至 30 個英文字母、數字、「.」、「_」或「-」，並以英文字母開頭。"
        "不分大小寫，不可與其他帳號重複。",
        autocomplete="username",
    )
    name = TextField(
        "姓名",
        person.parse_name,
        hint="需填寫人員完整姓名（例：王小明）",
        help="填寫帳號人員的完整姓名，2 至 50 個字。必須是完整人名，不可為公司名稱。",
        autocomplete="name",
    )
    mobile = TextField(
        "手機電話",
        person.parse_mobile,
        hint="例：0912345678",
        help="填寫帳號人員通訊用的臺灣手機號碼，0912345678、0912-345-678、+886912345678 皆可。",
        input="tel",
        autocomplete="tel",
        inputmode="tel",
    )
    email = TextField(
        "Email",
        person.parse_email,
        hint="例：example@gmail.com",
        help="填寫帳號人員的通訊郵件信箱，不分大小寫。送出後，驗證信會寄到此信箱，驗證完成才能登入使用。",
        autocomplete="email",
        inputmode="email",
    )
    password = SecretField("密碼", autocomplete="new-password")
    password_again = SecretField(
        "確認密碼",
        hint="請再輸入一次密碼",
        help="再次填寫設定的密碼，須與「密碼」欄位完全相同。",
        autocomplete="new-password",
    )
    tax_id = TextField(
        "公司統編",
        parse_tax_id,
        hint="政府機關可填機關代碼",
        help="填寫 8 碼統一編號；政府機關可填機關代碼，為 9 或 10 碼大寫英文字母與數字（例：A11111111）。",
        autocomplete="off",
    )
    company_phone = TextField(
        "公司電話",
        company.parse_phone,
        hint="例：02-12345678#12345",
        help="填寫含區碼的市話，有分機時加上「#」與分機號碼（例：02-12345678#12345）；也可填寫手機號碼。",
        input="tel",
        autocomplete="work tel",
        inputmode="tel",
    )
    company_name = TextField(
        "公司名稱",
        company.parse_company_name,
        hint="例：臺灣港務股份有限公司基隆分公司",
        help="填寫公司全銜，2 至 100 個字（例：臺灣港務股份有限公司基隆分公司）。",
        autocomplete="organization",
    )
    company_address = TextField(
        "公司地址",
        company.parse_address,
        hint="例：804004高雄市鼓山區蓬萊路10號",
        help="填寫含縣市的完整地址，前面可加 3、5 或 6 碼郵遞區號（例：804004高雄市鼓山區蓬萊路10號）。",
        autocomplete="street-address",
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.password.hint = problems.password_summary(ports().rules.passwords)
        self.password.help = f"{problems.password_description(ports().rules.passwords)}。"
        self.account_part = list(self)[:6]
        self.company_part = list(self)[6:]

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Judge the password last: it must not hold what the other fields say (SEC-2)."""
        super().validate(extra_validators)
        if not self.password.errors:
            for fault in password_errors(self.password.data or "", self._parsed_values()):
                self.add_error("password", problems.field_error_sentence(fault))
        return not self.invalid_fields

    def validate_password_again(self, field: SecretField) -> None:
        """Refuse a password typed differently the second time (REG-10). Raises ValidationError."""
        check_repeated(self.password, field)

    def _parsed_values(self) -> dict[str, str]:
        return {field.name: field.parsed for field in self if isinstance(field, TextField)}

    def registration(self, kind: Kind) -> Registration:
        """Return what was sent, in the form it is kept."""
        said = self._parsed_values()
        firm = Company(
            tax_id=said["tax_id"],
            phone=said["company_phone"],
            name=said["company_name"],
            address=said["company_address"],
        )
        person_fields = {name: said[name] for name in ("username", "name", "mobile", "email")}
        return Registration(kind=kind, company=firm, **person_fields)

    @property
    def normalized_password(self) -> str:
        """The password in the form it is hashed in."""
        return normalized(self.password.data or "")

    def explain_empty_passwords(self) -> None:
        """Say why the password fields are empty where all else was kept."""
        for field in (self.password, self.password_again):
            field.hint = _TYPE_AGAIN

    @property
    def errors_by_field(self) -> dict[str, list[str]]:
        """What is wrong, by field."""
        return {field.name: [str(reason) for reason in field.errors] for field in self.invalid_fields}
