"""The portal's forms. Functions of the domain parse texts; passwords are not shown again (REG-11)."""

from collections.abc import Callable
from typing import Any, Self

from flask import Response, jsonify, request
from wtforms import BooleanField, Field, PasswordField, StringField
from wtforms import Form as WtForm
from wtforms.form import BaseForm
from wtforms.validators import StopValidation, ValidationError

from identity.domain.characters import has_surrogate
from identity.domain.errors import InvalidValue, Refusal
from identity.http import problems
from identity.http.field_errors import field_error_sentence
from identity.http.text_types import FieldTexts
from identity.http.zh_tw import forms as texts

MAX_CHARACTERS = 1000

Parse = Callable[[str], str]
Suggest = Callable[[str], str | None]


class _Explained:
    """A field with a visible `hint`, and with `help` that a button opens. It shows the messages of its `refusals`."""

    hint: str
    help: str
    max_length: int
    optional: bool
    refusals: tuple[type[Refusal], ...]

    def _explain(self, field_texts: FieldTexts, options: dict[str, Any]) -> dict[str, str]:
        """Set the attributes of this class and remove them from `options`. Return the HTML attributes of the input."""
        self.hint, self.help = field_texts.hint, field_texts.help
        self.max_length = options.pop("max_length", MAX_CHARACTERS)
        self.optional = options.pop("optional", False)
        self.refusals = options.pop("refusals", ())
        return {name: options.pop(name) for name in ("autocomplete", "inputmode") if name in options}


def _refuse_unreadable(typed: str) -> None:
    if len(typed) > MAX_CHARACTERS or "\0" in typed or has_surrogate(typed):
        raise InvalidValue("unreadable")


class TextField(_Explained, StringField):
    """`parsed` is the result of `parse`, or the text itself without `parse`. It is empty until the text is valid."""

    def __init__(self, field_texts: FieldTexts, parse: Parse | None = None, **options: Any) -> None:
        self.input = options.pop("input", "text")
        self._suggest: Suggest = options.pop("suggest", lambda _parsed: None)
        self._parse = parse
        self.parsed = ""
        super().__init__(field_texts.label, render_kw=self._explain(field_texts, options), **options)

    def pre_validate(self, form: BaseForm) -> None:  # noqa: ARG002 - WTForms' signature
        typed = self.data or ""
        if self.optional and not typed.strip():
            return
        try:
            if not typed.strip():
                raise InvalidValue("required")  # noqa: TRY301  # reported like the domain's errors
            _refuse_unreadable(typed)
            self.parsed = self._parse(typed) if self._parse else typed
        except InvalidValue as error:
            raise StopValidation(field_error_sentence(error)) from None

    @property
    def suggestion(self) -> str:
        """A likely correction of a valid text, such as a mailbox with a mistyped domain, or an empty string (VER-8)."""
        return (self.parsed and not self.errors and self._suggest(self.parsed)) or ""

    @property
    def advice(self) -> str:
        """The question whether the person means `suggestion`, or an empty string."""
        return texts.MAILBOX_MEANT.format(suggestion=self.suggestion) if self.suggestion else ""


class SecretField(_Explained, PasswordField):
    """A password. WTForms never renders its value."""

    input = "password"
    advice = suggestion = ""

    def __init__(self, field_texts: FieldTexts, **options: Any) -> None:
        super().__init__(field_texts.label, render_kw=self._explain(field_texts, options), **options)

    def pre_validate(self, form: BaseForm) -> None:  # noqa: ARG002 - WTForms' signature
        """Refuse an unreadable password, and an empty one unless it is optional. Raises StopValidation."""
        typed = self.data or ""
        try:
            if not typed and not self.optional:
                raise InvalidValue("required")  # noqa: TRY301  # reported like the domain's errors
            _refuse_unreadable(typed)
        except InvalidValue as error:
            raise StopValidation(field_error_sentence(error)) from None


class CheckboxField(BooleanField):
    def __init__(self, field_texts: FieldTexts, **options: Any) -> None:
        super().__init__(field_texts.label, **options)


class Form(WtForm):
    """A form of the portal. Its CSRF token is checked before any view sees the form (SEC-8)."""

    @classmethod
    def from_request(cls, **values: Any) -> Self:
        """Return the form with the submitted values; `values` are arguments of its constructor."""
        return cls(request.form, **values)

    def add_error(self, name: str, reason: str) -> None:
        """Add an error to the field `name`, beside those that validation found."""
        field = self[name]
        field.errors = [*field.errors, reason]

    def add_refusal(self, refusal: Refusal | None) -> str:
        """Add a refusal's message to its field and return an empty string, or return the message for the summary."""
        if refusal is None:
            return ""
        sentence = problems.sentence(refusal)
        for field in self:
            if isinstance(refusal, getattr(field, "refusals", ())):
                self.add_error(field.name, sentence)
                return ""
        return sentence

    def secret_advice(self) -> dict[str, str]:
        """Return advice on passwords by field name. Forms override it; only scripts receive it."""
        return {}

    @property
    def invalid_fields(self) -> list[Field]:
        return [field for field in self if field.errors]

    def check_response(self) -> Response:
        """Validate the form, and return its errors to the script (REG-11)."""
        self.validate()
        return self.errors_response()

    def errors_response(self) -> Response:
        """Return errors, advice, suggestions and normalized values for `field_checks.js`."""
        texts = [field for field in self if isinstance(field, TextField)]
        return jsonify(
            errors={field.name: [str(reason) for reason in field.errors] for field in self.invalid_fields},
            advice={**{field.name: field.advice for field in texts}, **self.secret_advice()},
            suggestions={field.name: field.suggestion for field in texts if field.suggestion},
            values={field.name: field.parsed for field in texts},
        )


def check_repeated(field: SecretField, repeated: SecretField) -> None:
    """Check that both passwords are equal (REG-10). Raises ValidationError."""
    if field.data != repeated.data:
        raise ValidationError(texts.PASSWORDS_DIFFER)
