"""The revocation endpoint (RFC 7009, OIDC-20)."""

from flask import Response

from identity.http.oauth.client_auth import client_ports, require_client
from identity.http.oauth.error_responses import oauth_blueprint
from identity.http.oauth.form import read_form
from identity.usecases.revocation import revoke

blueprint = oauth_blueprint("revoke")


@blueprint.post("/revoke")
def revoke_token() -> Response:
    """Revoke a token of the client. Respond with 200 to unknown tokens too (RFC 7009 section 2.2)."""
    form = read_form()
    client = require_client(form)
    revoke(client_ports(client), client, form.require("token"))
    return Response(status=200)
