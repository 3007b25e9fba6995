"""Loading of request input by marshmallow schemas; each invalid field is reported with its JSON pointer (REG-11)."""

from collections.abc import Iterator
from typing import Any

from flask import current_app, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from identity.domain.errors import InvalidValue
from identity.http.field_errors import FieldError, InvalidInput, field_error

_MAX_NAME_CHARACTERS = 40


def json_body() -> Any:
    """Return the parsed JSON body. Raises HTTPException, and InvalidInput if the body is nested too deeply."""
    if not request.is_json:
        raise UnsupportedMediaType
    _refuse_truncated()
    try:
        return request.get_json()
    except RecursionError:
        raise InvalidInput([field_error("", InvalidValue("malformed_json"))]) from None


def _refuse_truncated() -> None:
    """Refuse a chunked body that reaches the size limit: Werkzeug truncates it there without an error."""
    limit = current_app.config["MAX_CONTENT_LENGTH"]
    if request.content_length is None and len(request.get_data()) >= limit:
        raise RequestEntityTooLarge


def query_arguments() -> dict[str, str]:
    """Return the query string's arguments. Raises InvalidInput for repeated arguments."""
    repeated = [name for name, values in request.args.lists() if len(values) > 1]
    if repeated:
        raise InvalidInput(
            field_error(f"/{_escape_pointer(name)}", InvalidValue("said_twice")) for name in repeated
        )
    return request.args.to_dict()


def load(schema: Schema, payload: Any) -> Any:
    """Load a payload by a schema. Raises InvalidInput with all field errors."""
    try:
        return schema.load(payload)
    except ValidationError as error:
        raise InvalidInput(_field_errors("", error.messages_dict)) from None


def _field_errors(pointer: str, messages: Any) -> Iterator[FieldError]:
    match messages:
        case FieldError():
            yield messages
        case InvalidValue():
            yield field_error(pointer, messages)
        case dict():
            for name, inner in messages.items():
                nested = pointer if name == "_schema" else f"{pointer}/{_escape_pointer(str(name))}"
                yield from _field_errors(nested, inner)
        case list():
            for inner in messages:
                yield from _field_errors(pointer, inner)
        case _:
            yield field_error(pointer, InvalidValue("invalid"))


def _escape_pointer(name: str) -> str:
    """Escape a name by RFC 6901 section 3; shorten it and drop control characters, which an unknown field may have."""
    shown = "".join(char for char in name[:_MAX_NAME_CHARACTERS] if char.isprintable())
    return shown.replace("~", "~0").replace("/", "~1")
