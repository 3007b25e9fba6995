"""Strict parsing of forms sent to OAuth endpoints, limited in size and number of parameters (RFC 6749 appendix B)."""

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from identity.domain.oauth_errors import InvalidRequest

MAX_FORM_BYTES = 8 * 1024
MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_PARAMETERS = 64
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Form:
    """The parameters of a form. A parameter without a value counts as absent (RFC 6749 section 3.2)."""

    def __init__(self, parameters: Sequence[tuple[str, str]]) -> None:
        self._parameters = parameters

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self._parameters}

    def get(self, name: str) -> str | None:
        """Return a parameter, or None if it is absent. Raises InvalidRequest if it is repeated."""
        values = self.every(name)
        if len(values) > 1:
            raise InvalidRequest("a parameter is repeated")
        return values[0] if values else None

    def require(self, name: str) -> str:
        """Return a required parameter. Raises InvalidRequest if it is missing or repeated."""
        value = self.get(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing")
        return value

    def every(self, name: str) -> list[str]:
        """Return all values of a parameter that may be repeated."""
        return [value for each, value in self._parameters if each == name]


def read_form(*, repeatable: frozenset[str] = frozenset()) -> Form:
    """Parse the request's form; only parameters in `repeatable` may be repeated.

    Raises InvalidRequest, RequestEntityTooLarge, UnsupportedMediaType.
    """
    if request.mimetype != MEDIA_TYPE:
        raise UnsupportedMediaType
    return parse_form(_body(), repeatable=repeatable)


def parse_form(body: bytes, *, repeatable: frozenset[str] = frozenset()) -> Form:
    """Parse a body like `read_form`. Raises InvalidRequest."""
    parameters = _parse(body)
    once = [name for name, _ in parameters if name not in repeatable]
    if len(once) != len(set(once)):
        raise InvalidRequest("a parameter is repeated")
    return Form([(name, value) for name, value in parameters if value])


def _body() -> bytes:
    # A chunked body has no length; Werkzeug truncates it at the application's limit, which is higher than this limit.
    if (request.content_length or 0) > MAX_FORM_BYTES or len(request.get_data()) > MAX_FORM_BYTES:
        raise RequestEntityTooLarge
    return request.get_data()


def _parse(body: bytes) -> list[tuple[str, str]]:
    try:
        text = body.decode()
        parameters = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise InvalidRequest("the form is malformed") from None
    if _BAD_ESCAPE.search(text) or any(_CONTROL.search(part) for pair in parameters for part in pair):
        raise InvalidRequest("the form is malformed")
    return parameters
