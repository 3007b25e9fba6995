"""Introspection (RFC 7662): another service asks whom a token stands for (OIDC-20)."""

from flask import Response, jsonify

from identity.http.client_address import client_info
from identity.http.oauth.client_auth import credentials_of
from identity.http.oauth.errors import oauth_blueprint
from identity.http.oauth.form import read_form
from identity.http.web_context import ports
from identity.usecases.introspection import introspect

blueprint = oauth_blueprint("introspect")


@blueprint.post("/introspect")
def answer() -> Response:
    """Answer a service that is in the token's audience and has the right `tokens:introspect`."""
    form = read_form()
    shown, token = credentials_of(form), form.require("token")
    response = jsonify(introspect(ports(), shown, token, asker=client_info()))
    response.headers["Cache-Control"] = "no-store"
    return response
