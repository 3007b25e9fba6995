"""Input fields of the API, limited in size and parsed by the domain's functions (SEC-13)."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from port_runtime.secret import Secret
from typing_extensions import override

from identity.domain.characters import has_surrogate
from identity.domain.errors import InvalidValue

_MAX_CHARACTERS = 1000
_MESSAGES: dict[str, Any] = {
    "required": InvalidValue("required"),
    "null": InvalidValue("required"),
    "invalid": InvalidValue("wrong_type"),
    "invalid_utf8": InvalidValue("wrong_type", "encoding"),
    "type": InvalidValue("wrong_type"),
    "unknown": InvalidValue("unknown_field"),
}
"""Marshmallow's messages; `input_loading.load` turns each InvalidValue into a FieldError."""


class Input(Schema):
    """An object without unknown fields (SEC-13)."""

    class Meta:
        unknown = RAISE

    error_messages = _MESSAGES


class Text(fields.String):
    """A text of at most 1,000 characters, without NUL or lone surrogates. `parse` may raise InvalidValue."""

    default_error_messages = _MESSAGES

    def __init__(self, parse: Callable[[str], Any] = str, **options: Any) -> None:
        super().__init__(**options)
        self._parse = parse

    @override
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > _MAX_CHARACTERS:
            raise ValidationError([InvalidValue("too_long", max=_MAX_CHARACTERS)])
        if "\0" in text or has_surrogate(text):
            raise ValidationError([InvalidValue("control_character", "unreadable")])
        try:
            return self._parse(text)
        except InvalidValue as error:
            raise ValidationError([error]) from None


SecretText = partial(Text, Secret)
"""A text that is loaded as a `Secret`, which logs and tracebacks mask."""


def one_of(*words: str, **options: Any) -> Text:
    def parse(raw: str) -> str:
        if raw not in words:
            raise InvalidValue("unknown_value", allowed=words)
        return raw

    return Text(parse, metadata={"enum": list(words)}, **options)


class Flag(fields.Boolean):
    """A JSON boolean, or the number 1 or 0; strings such as "yes" are refused."""

    default_error_messages = _MESSAGES

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, **options)


class Part(fields.Nested):
    default_error_messages = _MESSAGES


class Members(fields.Dict):
    """An object whose members are not validated by the schema."""

    default_error_messages = _MESSAGES


class Items(fields.List[Any]):
    default_error_messages = _MESSAGES

    def __init__(self, inner: fields.Field[Any], *, limit: int, **options: Any) -> None:
        super().__init__(inner, **options)
        self._limit = limit

    @override
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if isinstance(value, list) and len(value) > self._limit:
            raise ValidationError([InvalidValue("too_long", "items", max=self._limit)])
        return super()._deserialize(value, attr, data, **kwargs)
