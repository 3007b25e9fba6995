"""The form of a person's own data. Only changed fields are saved (PRO-1, PRO-5)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from flask import request

from identity.domain.account import Account
from identity.domain.errors import BadPassword, TooManyChecks
from identity.domain.full_name import parse_full_name
from identity.domain.mailbox import parse_mailbox
from identity.domain.mailbox_typos import likely_mailbox
from identity.domain.phone import parse_mobile, parse_phone
from identity.http.portal.layout.forms import Form, SecretField, TextField
from identity.http.zh_tw import forms as labels
from identity.usecases.profile import Changes

_REVISION = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The revision and the values with which a form was rendered. Hidden fields of the form send them back."""

    revision: int
    values: Mapping[str, str]

    @classmethod
    def of(cls, account: Account) -> Self:
        return cls(account.revision, {name: getattr(account, name) for name in ProfileForm.SAVED})

    @classmethod
    def from_request(cls, account_id: str) -> Self:
        """Return the hidden fields' values. In another account's form the revision is 0, which never matches."""
        sent = request.form.get("revision", "")
        own = request.form.get("account") == account_id
        revision = int(sent) if own and _REVISION.fullmatch(sent) else 0
        return cls(revision, {name: request.form.get(f"was_{name}", "") for name in ProfileForm.SAVED})


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that the person changed to another value than the saved one."""

    name: str
    label: str
    typed: str
    saved: str


class ProfileForm(Form):
    """The editable fields, and the current password, which a new mailbox requires (manual, steps 2 to 5)."""

    SAVED = ("name", "mobile", "company_phone", "email")

    name = TextField(labels.NAME, parse_full_name, autocomplete="name")
    mobile = TextField(labels.MOBILE, parse_mobile, input="tel", autocomplete="tel", inputmode="tel")
    company_phone = TextField(
        labels.COMPANY_PHONE, parse_phone, input="tel", autocomplete="work tel", inputmode="tel"
    )
    email = TextField(
        labels.NEW_EMAIL, parse_mailbox, suggest=likely_mailbox, autocomplete="email", inputmode="email"
    )
    current_password = SecretField(
        labels.PASSWORD_FOR_EMAIL,
        refusals=(BadPassword, TooManyChecks),
        autocomplete="current-password",
        optional=True,
    )

    def validate_for(self, rendered: Rendered) -> bool:
        """Check every field; a new mailbox requires the current password (PRO-2)."""
        valid = self.validate()
        if self.changes_email(rendered) and not self.current_password.data:
            self.add_error("current_password", labels.PASSWORD_REQUIRED)
            return False
        return valid

    def changes_email(self, rendered: Rendered) -> bool:
        """Return whether the submitted mailbox is valid and differs from the rendered mailbox."""
        return any(field is self.email for field in self._changed_fields(rendered))

    def changes(self, rendered: Rendered) -> Changes:
        """Return the parsed values of the changed fields."""
        return Changes(**{field.name: field.parsed for field in self._changed_fields(rendered)})

    def differences(self, account: Account, rendered: Rendered) -> list[Difference]:
        """Return the changed fields whose values differ from the saved ones, in the order of the page."""
        return [
            Difference(field.name, field.label.text, field.parsed, getattr(account, field.name))
            for field in self._changed_fields(rendered)
            if field.parsed != getattr(account, field.name)
        ]

    def keep_only(self, differences: Sequence[Difference], account: Account) -> None:
        """Replace the values of all fields not in `differences` with the saved values."""
        changed = {each.name for each in differences}
        for name in self.SAVED:
            if name not in changed:
                self[name].data = getattr(account, name)

    def _changed_fields(self, rendered: Rendered) -> list[TextField]:
        return [
            field
            for field in self
            if isinstance(field, TextField) and field.parsed and field.parsed != rendered.values[field.name]
        ]
