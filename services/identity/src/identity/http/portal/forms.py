"""Forms: each field is read by the domain's own rule; what was typed is shown again, but for passwords (REG-11)."""

from collections.abc import Callable
from typing import Any, Self

from flask import request
from wtforms import BooleanField, Field, PasswordField, StringField
from wtforms import Form as WtForm
from wtforms.form import BaseForm
from wtforms.validators import StopValidation, ValidationError

from identity.domain.errors import InvalidValue
from identity.domain.text import has_surrogate
from identity.http import problems

MAX_CHARACTERS = 1000
REQUIRED = "此欄位為必填"
_UNREADABLE = "內容過長或含有無法處理的字元"

Parse = Callable[[str], str]


class _FieldTexts:
    """What a field's page shows beside it: `hint` always, `help` behind its help mark."""

    hint: str
    help: str
    max_length: int


class TextField(_FieldTexts, StringField):
    """A text read by a rule of the domain; `parsed` is what the rule made of it."""

    def __init__(self, label: str, parse: Parse | None = None, **options: Any) -> None:
        self.hint = options.pop("hint", "")
        self.help = options.pop("help", "")
        self.max_length = options.pop("max_length", MAX_CHARACTERS)
        self.input = options.pop("input", "text")
        self.optional = options.pop("optional", False)
        self._parse = parse
        self.parsed = ""
        super().__init__(label, render_kw=_pop_attributes(options), **options)

    def pre_validate(self, form: BaseForm) -> None:  # noqa: ARG002 - WTForms' signature
        """Read the text. Raises StopValidation with the reason a person reads."""
        typed = self.data or ""
        if not typed.strip():
            if self.optional:
                return
            raise StopValidation(REQUIRED)
        if len(typed) > MAX_CHARACTERS or "\0" in typed or has_surrogate(typed):
            raise StopValidation(_UNREADABLE)
        try:
            self.parsed = self._parse(typed) if self._parse else typed
        except InvalidValue as fault:
            raise StopValidation(problems.field_error_sentence(fault)) from None


class SecretField(_FieldTexts, PasswordField):
    """A password: never shown again, neither here nor in a log."""

    input = "password"

    def __init__(self, label: str, **options: Any) -> None:
        self.hint = options.pop("hint", "")
        self.help = options.pop("help", "")
        self.max_length = options.pop("max_length", MAX_CHARACTERS)
        self.optional = options.pop("optional", False)
        super().__init__(label, render_kw=_pop_attributes(options), **options)

    def pre_validate(self, form: BaseForm) -> None:  # noqa: ARG002 - WTForms' signature
        """Refuse what was left empty. Raises StopValidation."""
        typed = self.data or ""
        if not typed and not self.optional:
            raise StopValidation(REQUIRED)
        if len(typed) > MAX_CHARACTERS or "\0" in typed or has_surrogate(typed):
            raise StopValidation(_UNREADABLE)


def _pop_attributes(options: dict[str, Any]) -> dict[str, str]:
    """Take what browsers, password managers and screen readers are told out of a field's options."""
    return {name: options.pop(name) for name in ("autocomplete", "inputmode") if name in options}


class CheckboxField(BooleanField):
    """A tick box."""


class Form(WtForm):
    """A form of the portal. Its CSRF token is checked before any view sees the form (SEC-8)."""

    @classmethod
    def from_request(cls, **values: Any) -> Self:
        """Return the form with what the browser sent."""
        return cls(request.form, **values)

    def add_error(self, name: str, reason: str) -> None:
        """Mark a field as wrong for a reason that only the use case knows."""
        field = self[name]
        field.errors = [*field.errors, reason]

    @property
    def invalid_fields(self) -> list[Field]:
        """The wrong fields, in the order of the page."""
        return [field for field in self if field.errors]


def check_repeated(field: SecretField, other: SecretField) -> None:
    """Refuse a password typed differently the second time (REG-10). Raises ValidationError."""
    if field.data != other.data:
        raise ValidationError("兩次輸入的密碼不一致")
