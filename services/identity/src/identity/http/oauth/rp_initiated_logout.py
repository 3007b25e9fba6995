"""The logout endpoint, to which services send browsers (OpenID Connect RP-Initiated Logout 1.0, OIDC-23)."""

from urllib.parse import urlencode

from flask import Blueprint, Response, request, url_for

from identity.domain.authorization_error import UnprovenLogout
from identity.http.portal import rp_initiated_logout
from identity.http.portal.layout.redirects import redirect_to_url

blueprint = Blueprint("oauth_logout", __name__, url_prefix="/oauth")


@blueprint.get("/logout")
def log_out() -> Response:
    """Log out, or ask the person to confirm."""
    return rp_initiated_logout.respond(rp_initiated_logout.parse(request.query_string))


@blueprint.post("/logout")
def continue_by_get() -> Response:
    """Redirect to the same request with GET, so that the browser sends its SameSite=Lax cookie."""
    if request.query_string:
        raise UnprovenLogout("a POST request must have no query string")
    return redirect_to_url(
        f"{url_for('.log_out')}?{urlencode(rp_initiated_logout.parse(request.get_data()).pairs)}"
    )
