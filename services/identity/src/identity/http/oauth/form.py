"""Strict parsing of forms sent to OAuth endpoints, limited in size and number of parameters (RFC 6749 appendix B)."""

from flask import request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from identity.domain.authorization_parameters import parse_pairs
from identity.domain.oauth_errors import InvalidRequest

MAX_FORM_BYTES = 8 * 1024
MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_PARAMETERS = 64


class Form(MultiDict[str, str]):
    """The parameters of a form. A parameter without a value counts as absent (RFC 6749 section 3.2)."""

    def require(self, name: str) -> str:
        """Return a required parameter. Raises InvalidRequest if it is missing."""
        value = self.get(name)
        if value is None:
            raise InvalidRequest(f"{name} is missing")
        return value


def read_form(*, repeatable: frozenset[str] = frozenset()) -> Form:
    """Parse the request's form; only parameters in `repeatable` may be repeated.

    Raises InvalidRequest, RequestEntityTooLarge, UnsupportedMediaType.
    """
    if request.mimetype != MEDIA_TYPE:
        raise UnsupportedMediaType
    return parse_form(_body(), repeatable=repeatable)


def parse_form(body: bytes, *, repeatable: frozenset[str] = frozenset()) -> Form:
    """Parse a body like `read_form`. Raises InvalidRequest."""
    try:
        parameters = parse_pairs(body.decode(), max_pairs=_MAX_PARAMETERS)
    except ValueError:
        raise InvalidRequest("the form is malformed") from None
    once = [name for name, _ in parameters if name not in repeatable]
    if len(once) != len(set(once)):
        raise InvalidRequest("a parameter is repeated")
    return Form([(name, value) for name, value in parameters if value])


def _body() -> bytes:
    # A chunked body has no length; Werkzeug truncates it at the application's limit, which is higher than this limit.
    if (request.content_length or 0) > MAX_FORM_BYTES or len(request.get_data()) > MAX_FORM_BYTES:
        raise RequestEntityTooLarge
    return request.get_data()
