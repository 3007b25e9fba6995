"""Fields of the API's input: bounded, each read by the domain's own rule (SEC-13)."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from port_runtime.secret import Secret

from identity.domain.errors import InvalidValue
from identity.domain.text import has_surrogate
from identity.http.problems import field_error_sentence

_MAX_CHARACTERS = 1000
_MESSAGES = {
    "required": {"code": "required", "detail": "此欄位為必填"},
    "null": {"code": "required", "detail": "此欄位為必填"},
    "invalid": {"code": "wrong_type", "detail": "資料型別不正確"},
    "invalid_utf8": {"code": "wrong_type", "detail": "文字編碼不正確"},
    "type": {"code": "wrong_type", "detail": "資料型別不正確"},
    "unknown": {"code": "unknown_field", "detail": "不認得的欄位"},
}


class Input(Schema):
    """An object of which every field is known."""

    class Meta:
        """Unknown fields are refused (SEC-13)."""

        unknown = RAISE

    error_messages = _MESSAGES  # type: ignore[assignment]  # a message may be any value


def error_message(error: InvalidValue) -> dict[str, str]:
    """Return a fault as a message of marshmallow's."""
    return {"code": error.code, "detail": field_error_sentence(error)}


class Text(fields.String):
    """A text of at most 1,000 characters, without lone surrogates, read by a rule of the domain."""

    def __init__(self, parse: Callable[[str], str] | None = None, **options: Any) -> None:
        super().__init__(error_messages=_MESSAGES, **options)  # type: ignore[arg-type]  # the stub asks for dict where any mapping will do
        self._parse = parse

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        text = super()._deserialize(value, attr, data, **more)
        if len(text) > _MAX_CHARACTERS:
            raise ValidationError([{"code": "too_long", "detail": f"最多 {_MAX_CHARACTERS} 個字"}])
        if "\0" in text or has_surrogate(text):
            raise ValidationError([{"code": "control_character", "detail": "含有無法處理的字元"}])
        return self._read(text)

    def _read(self, text: str) -> Any:
        if self._parse is None:
            return text
        try:
            return self._parse(text)
        except InvalidValue as fault:
            raise ValidationError([error_message(fault)]) from None


class SecretText(Text):
    """A text that does not print."""

    def _read(self, text: str) -> Secret:
        return Secret(text)


class Flag(fields.Boolean):
    """True or false, not a word for it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, error_messages=_MESSAGES, **options)  # type: ignore[arg-type]  # the stub asks for dict where any mapping will do


class Part(fields.Nested):
    """An object inside an object."""

    def __init__(self, schema: type[Schema], **options: Any) -> None:
        super().__init__(schema, error_messages=_MESSAGES, **options)  # type: ignore[arg-type]  # the stub asks for dict where any mapping will do


class Items(fields.List[Any]):
    """A bounded list."""

    def __init__(self, inner: fields.Field[Any], *, limit: int, **options: Any) -> None:
        super().__init__(inner, error_messages=_MESSAGES, **options)  # type: ignore[arg-type]  # the stub asks for dict where any mapping will do
        self._most = limit

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        if isinstance(value, list) and len(value) > self._most:
            raise ValidationError([{"code": "too_long", "detail": f"最多 {self._most} 筆"}])
        return super()._deserialize(value, attr, data, **more)
