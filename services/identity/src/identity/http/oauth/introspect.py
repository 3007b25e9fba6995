"""Introspection (RFC 7662): another service asks whom a token stands for (OIDC-20)."""

from flask import Response, jsonify

from identity.http.oauth.client_auth import client_ports, require_client
from identity.http.oauth.errors import oauth_blueprint
from identity.http.oauth.form import read_form
from identity.usecases.introspection import introspect

blueprint = oauth_blueprint("introspect")


@blueprint.post("/introspect")
def answer() -> Response:
    """Answer a service that is in the token's audience and has the right `tokens:introspect`."""
    form = read_form()
    client = require_client(form)
    response = jsonify(introspect(client_ports(client), client, form.require("token")))
    response.headers["Cache-Control"] = "no-store"
    return response
