"""Forms with a new password: its rules beside the field, its errors, and its strength while it is typed (REG-11)."""

from collections.abc import Mapping, Sequence
from typing import Any

from identity.domain.password_policy import MIN_RUN
from identity.http.field_errors import field_error_sentence
from identity.http.portal.layout.forms import Form, SecretField, check_repeated
from identity.http.web_context import ports
from identity.http.zh_tw import forms as texts


class FormWithNewPassword(Form):
    """A form with a new password, entered twice. A password that is too long is refused, not truncated."""

    password: SecretField
    password_again: SecretField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        policy = ports().rules.passwords
        summary = texts.PASSWORD_SUMMARY.format(
            min=policy.min_characters,
            max=policy.max_characters,
            classes=texts.PASSWORD_CLASSES if policy.min_classes else "",
        )
        self.password.hint = texts.PASSWORD_HINT.format(summary=summary)
        self.password.help = texts.PASSWORD_DESCRIPTION.format(summary=summary, min_run=MIN_RUN)

    @property
    def personal_terms(self) -> Sequence[str]:
        """The person's other values, which the password must not contain (SEC-2)."""
        raise NotImplementedError  # not an abstract method, because the forms have the metaclass of WTForms

    def validate(self, extra_validators: Mapping[str, Sequence[Any]] | None = None) -> bool:
        """Check the password last, because it depends on the person's other values (SEC-2)."""
        super().validate(extra_validators)
        if not self.password.errors:
            for error in ports().rules.passwords.errors(self.password.data or "", self.personal_terms):
                self.add_error("password", field_error_sentence(error))
        return not self.invalid_fields

    def validate_password_again(self, field: SecretField) -> None:
        check_repeated(self.password, field)

    def secret_advice(self) -> dict[str, str]:
        """Return the message about the strength by field name. It is empty for an invalid password."""
        if self.password.errors or not self.password.data:
            return {"password": ""}
        strength = ports().rules.passwords.strength(self.password.data, self.personal_terms)
        return {"password": texts.PASSWORD_STRENGTHS[strength]}
