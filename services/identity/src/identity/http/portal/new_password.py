"""The fields of a new password, wherever one is set: its rule beside it, all that is wrong told at once (REG-10)."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from flask import Response, jsonify

from identity.domain.account import Account
from identity.http import problems
from identity.http.context import ports
from identity.http.portal.forms import Form, SecretField, check_repeated


class NewPasswordForm(Form):
    """The new password, twice. A field cuts nothing off: a pasted one that is too long is told so."""

    password = SecretField("新密碼", autocomplete="new-password")
    password_again = SecretField("確認新密碼", hint="請再輸入一次新密碼", autocomplete="new-password")

    def __init__(self, *args: Any, owner: Account | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self._owner = owner
        self.password.hint = f"{problems.password_description(ports().rules.passwords)}。"

    @classmethod
    def for_owner(cls, owner: Account) -> Self:
        """Return the empty form for the account whose password it is to be."""
        return cls(owner=owner)

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Judge the new password by the policy, with its owner's own words (SEC-2)."""
        super().validate(extra_validators)
        if not self.password.errors:
            words = self._owner.personal_terms if self._owner else ()
            for fault in ports().rules.passwords.errors(self.password.data or "", words):
                self.add_error("password", problems.field_error_sentence(fault))
        return not self.invalid_fields

    def validate_password_again(self, field: SecretField) -> None:
        """Refuse a password typed differently the second time. Raises ValidationError."""
        check_repeated(self.password, field)

    def errors_response(self) -> Response:
        """Tell the page's script what is wrong so far; nothing is changed, no present password is tried."""
        self.validate()
        return jsonify(
            faults={field.name: [str(reason) for reason in field.errors] for field in self.invalid_fields}
        )
