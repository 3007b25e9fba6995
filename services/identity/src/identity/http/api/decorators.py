"""How a view takes its input and tells its answers, the same for all."""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar

from flask import current_app, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from identity.domain.errors import FieldError, InvalidInput
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.response_schemas import ProblemShown
from identity.http.problems import MEDIA_TYPE

View = TypeVar("View", bound=Callable[..., Any])
ExtraChecks = Callable[[dict[str, Any]], Iterable[FieldError]]
"""Judges the fields that were read of an input of which others are wrong."""
_REFUSALS_OF_BODIES = (400, 413, 415, 422)


def body(
    blueprint: ApiBlueprint,
    schema: type[Schema],
    *,
    guard: Callable[[], object] | None = None,
    extra_checks: ExtraChecks | None = None,
) -> Callable[[View], View]:
    """Read the JSON body by a schema, tell all its faults at once, and document it (REG-11).

    `first` is asked before a word of the body is judged, and raises where the caller may not call: nobody learns
    what a call takes, nor has it read, who is not let in (SEC-13). `beside` tells what else would be refused of a body
    that is wrong already, where that takes more than the body to know.
    """
    reader = schema()

    def decorate(view: View) -> View:
        @wraps(view)
        def read_and_call(*args: Any, **named: Any) -> Any:
            if guard is not None:
                guard()
            return view(load(reader, json_object(), extra_checks=extra_checks), *args, **named)

        documented: View = blueprint.doc(
            requestBody={"required": True, "content": {"application/json": {"schema": schema}}}
        )(read_and_call)
        return documents_errors(blueprint, *_REFUSALS_OF_BODIES)(documented)

    return decorate


def query(
    blueprint: ApiBlueprint, schema: type[Schema], *, guard: Callable[[], object] | None = None
) -> Callable[[View], View]:
    """Read what stands behind the `?` by a schema, as `body` reads a body; nothing may be said twice."""
    reader = schema()

    def decorate(view: View) -> View:
        @wraps(view)
        def read_and_call(*args: Any, **named: Any) -> Any:
            if guard is not None:
                guard()
            return view(load(reader, _query_arguments()), *args, **named)

        documented: View = blueprint.doc(parameters=[{"in": "query", "schema": schema}])(read_and_call)
        return documented

    return decorate


def _query_arguments() -> dict[str, str]:
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise InvalidInput(
            FieldError(f"/{_escape_pointer(name)}", "said_twice", "重複的參數") for name in twice
        )
    return request.args.to_dict()


def json_object() -> Any:
    """Return the JSON body. Raises InvalidInput for any text that is none."""
    if not request.is_json:
        raise UnsupportedMediaType
    _refuse_truncated()
    try:
        return request.get_json()
    except RecursionError:
        raise InvalidInput([FieldError("", "malformed_json", "JSON 結構過深")]) from None


def _refuse_truncated() -> None:
    """Refuse a body that came in chunks and was cut at the bound: Werkzeug reads so far and says nothing."""
    bound = current_app.config["MAX_CONTENT_LENGTH"]
    if request.content_length is None and len(request.get_data()) >= bound:
        raise RequestEntityTooLarge


def load(schema: Schema, payload: Any, *, extra_checks: ExtraChecks | None = None) -> Any:
    """Return what a schema reads. Raises InvalidInput with every fault and its JSON pointer."""
    try:
        return schema.load(payload)
    except ValidationError as error:
        faults = list(_field_errors("", error.messages_dict))
        if extra_checks is not None and isinstance(error.valid_data, dict):
            faults.extend(extra_checks(error.valid_data))
        raise InvalidInput(faults) from None


def _field_errors(pointer: str, messages: Any) -> Iterator[FieldError]:
    if (
        isinstance(messages, dict)
        and set(messages) == {"code", "detail"}
        and isinstance(messages["code"], str)
    ):
        yield FieldError(pointer, messages["code"], messages["detail"])
    elif isinstance(messages, dict):
        for name, inner in messages.items():
            yield from _field_errors(
                pointer if name == "_schema" else f"{pointer}/{_escape_pointer(str(name))}", inner
            )
    elif isinstance(messages, list):
        for inner in messages:
            yield from _field_errors(pointer, inner)
    else:
        yield FieldError(pointer, "invalid", "資料不正確")


def _escape_pointer(name: str) -> str:
    """RFC 6901 section 3; of a name that nobody knows only so much is repeated."""
    shown = "".join(char for char in name[:40] if char.isprintable())
    return shown.replace("~", "~0").replace("/", "~1")


def documents_errors(blueprint: ApiBlueprint, *statuses: int) -> Callable[[View], View]:
    """Document the statuses a view may refuse with; any may while the database is away."""

    def decorate(view: View) -> View:
        for status in sorted({*statuses, HTTPStatus.SERVICE_UNAVAILABLE}):
            view = blueprint.alt_response(
                status, schema=ProblemShown, description=HTTPStatus(status).phrase, content_type=MEDIA_TYPE
            )(view)
        if HTTPStatus.UNAUTHORIZED in statuses:
            view = blueprint.doc(security=[{"bearer": []}])(view)
        return view

    return decorate
