"""The form of one's own data: its fields, what of them is new, and what differs from what is saved (PRO-1, PRO-5)."""

from dataclasses import dataclass
from typing import Self

from identity.domain import person
from identity.domain.account import Account
from identity.http.portal.forms import Form, SecretField, TextField
from identity.http.portal.registration_form import RegistrationForm
from identity.usecases.profile import Changes

PASSWORD_REQUIRED = "變更 Email 須填寫目前密碼"  # noqa: S105  # a sentence
_SAVED = ("name", "mobile", "company_phone", "email")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else saved otherwise than it is typed here."""

    label: str
    typed: str
    saved: str


class ProfileForm(Form):
    """What may be changed, as it was applied for, and the present password for another mailbox (steps 2 to 5)."""

    name = RegistrationForm.name
    mobile = RegistrationForm.mobile
    company_phone = RegistrationForm.company_phone
    email = TextField(
        "Email",
        person.parse_email,
        hint="例：example@gmail.com",
        help="填寫帳號人員的通訊郵件信箱，不分大小寫。變更後須至新信箱收取驗證信，驗證完成才會更新。",
        autocomplete="email",
        inputmode="email",
    )
    current_password = SecretField(
        "目前密碼",
        hint="變更 Email 須填寫目前密碼",
        help="為確認是本人變更 Email，請填寫登入此帳號的密碼。未變更 Email 時請留空。",
        autocomplete="current-password",
        optional=True,
    )

    @classmethod
    def of(cls, account: Account) -> Self:
        """Return the form with what is saved."""
        return cls(data={name: getattr(account, name) for name in _SAVED})

    def validate_for(self, account: Account) -> bool:
        """Check every field; the password is wanted where the mailbox is another (PRO-2)."""
        passed = self.validate()
        if self.changes_email(account) and not self.current_password.data:
            self.add_error("current_password", PASSWORD_REQUIRED)
            return False
        return passed

    def changes_email(self, account: Account) -> bool:
        """Tell whether a readable mailbox was typed that is not the account's."""
        return bool(self.email.parsed) and self.email.parsed != account.email

    def changes_nothing(self, account: Account) -> bool:
        """Tell whether what was typed is what is saved."""
        return not self.differences(account)

    @property
    def changes(self) -> Changes:
        """What was typed, in the form it is kept."""
        return Changes(**{field.name: field.parsed for field in self._texts})

    def differences(self, account: Account) -> list[Difference]:
        """Return where what was typed is not what is saved, in the order of the page."""
        return [
            Difference(field.label.text, field.parsed, getattr(account, field.name))
            for field in self._texts
            if field.parsed != getattr(account, field.name)
        ]

    @property
    def _texts(self) -> list[TextField]:
        return [field for field in self if isinstance(field, TextField)]
