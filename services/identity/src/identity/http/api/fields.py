"""Input fields of the API, limited in size and parsed by the domain's functions (SEC-13)."""

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from port_runtime.secret import Secret
from typing_extensions import override

from identity.domain.characters import has_surrogate
from identity.domain.errors import InvalidValue
from identity.http.field_errors import field_error_sentence

_MAX_CHARACTERS = 1000


def error_message(error: InvalidValue) -> dict[str, str]:
    """Return an error message for marshmallow, which `input_loading.load` turns into a FieldError."""
    return {"code": error.code, "detail": field_error_sentence(error)}


_MESSAGES: dict[str, Any] = {
    "required": error_message(InvalidValue("required")),
    "null": error_message(InvalidValue("required")),
    "invalid": error_message(InvalidValue("wrong_type")),
    "invalid_utf8": error_message(InvalidValue("wrong_type", "encoding")),
    "type": error_message(InvalidValue("wrong_type")),
    "unknown": error_message(InvalidValue("unknown_field")),
}


class Input(Schema):
    """An object without unknown fields (SEC-13)."""

    class Meta:
        unknown = RAISE

    error_messages = _MESSAGES


class Text(fields.String):
    """A text of at most 1,000 characters, without NUL or lone surrogates. `parse` may raise InvalidValue."""

    def __init__(self, parse: Callable[[str], str] | None = None, **options: Any) -> None:
        super().__init__(error_messages=_MESSAGES, **options)
        self._parse = parse

    @override
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            if len(text) > _MAX_CHARACTERS:
                raise InvalidValue("too_long", max=_MAX_CHARACTERS)  # noqa: TRY301  # handled like the domain's errors
            if "\0" in text or has_surrogate(text):
                raise InvalidValue("control_character", "unreadable")  # noqa: TRY301  # handled like the domain's errors
            return self._load(text)
        except InvalidValue as error:
            raise ValidationError([error_message(error)]) from None

    def _load(self, text: str) -> Any:
        return self._parse(text) if self._parse else text


def one_of(*words: str, **options: Any) -> Text:
    def parse(raw: str) -> str:
        if raw not in words:
            raise InvalidValue("unknown_value", allowed=words)
        return raw

    return Text(parse, metadata={"enum": list(words)}, **options)


class SecretText(Text):
    """A text that is loaded as a `Secret`, which logs and tracebacks mask."""

    @override
    def _load(self, text: str) -> Secret:
        return Secret(text)


class Flag(fields.Boolean):
    """A JSON boolean; words such as "yes" are refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, error_messages=_MESSAGES, **options)


class Part(fields.Nested):
    def __init__(self, schema: type[Schema], **options: Any) -> None:
        super().__init__(schema, error_messages=_MESSAGES, **options)


class Members(fields.Dict):
    """An object whose members are not validated by the schema."""

    def __init__(self, **options: Any) -> None:
        super().__init__(error_messages=_MESSAGES, **options)


class Items(fields.List[Any]):
    def __init__(self, inner: fields.Field[Any], *, limit: int, **options: Any) -> None:
        super().__init__(inner, error_messages=_MESSAGES, **options)
        self._limit = limit

    @override
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if isinstance(value, list) and len(value) > self._limit:
            raise ValidationError([error_message(InvalidValue("too_long", "items", max=self._limit))])
        return super()._deserialize(value, attr, data, **kwargs)
