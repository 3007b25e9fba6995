"""The introspection endpoint (RFC 7662, OIDC-20)."""

from io import BytesIO
from typing import TYPE_CHECKING, Final

from flask import Response, jsonify

from identity.domain.errors import BadClient
from identity.domain.oauth_errors import InvalidRequest
from identity.http.client_info import client_info
from identity.http.fast_path import Answer, Answerer
from identity.http.oauth.client_auth import credentials_of
from identity.http.oauth.error_responses import oauth_blueprint
from identity.http.oauth.form import MAX_FORM_BYTES, MEDIA_TYPE, parse_form, read_form
from identity.http.service_auth import basic_credentials
from identity.http.web_context import ports
from identity.usecases.client_authentication import Credentials
from identity.usecases.introspection import introspect, introspect_by_secret
from identity.usecases.ports import Ports

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

blueprint = oauth_blueprint("introspect")
_PARAMETERS: Final = {"token", "token_type_hint"}


@blueprint.post("/introspect")
def answer() -> Response:
    """Describe a token. To services outside its audience or without the right `tokens:introspect`, it is inactive."""
    form = read_form()
    credentials, token = credentials_of(form), form.require("token")
    return jsonify(introspect(ports(), credentials, token, client_info=client_info()))


def answer_introspection(ports: Ports) -> Answerer:
    """Return the fast path's answerer for requests with a valid client secret and a token."""

    def answer(environ: "WSGIEnvironment") -> Answer | None:
        usual = _usual(environ)
        content = introspect_by_secret(ports, *usual) if usual is not None else None
        return Answer.of_json(content) if content is not None else None

    return answer


def _usual(environ: "WSGIEnvironment") -> tuple[Credentials, str] | None:
    """Return credentials and token if the client uses HTTP Basic, otherwise None. Flask can still read the body."""
    length = environ.get("CONTENT_LENGTH", "")
    if environ.get("CONTENT_TYPE") != MEDIA_TYPE or not length.isdigit() or int(length) > MAX_FORM_BYTES:
        return None
    body = environ["wsgi.input"].read(int(length))
    environ["wsgi.input"] = BytesIO(body)
    try:
        form = parse_form(body)
        name, secret = basic_credentials(environ.get("HTTP_AUTHORIZATION", ""))
        token = form.require("token")
    except (BadClient, InvalidRequest):
        return None
    return (
        (Credentials(method="secret", name=name, proof=secret), token) if form.keys() <= _PARAMETERS else None
    )
