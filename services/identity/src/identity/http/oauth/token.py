"""The token endpoint (RFC 6749 section 3.2)."""

from typing import NoReturn

from identity.domain.oauth_errors import UnsupportedGrantType
from identity.http.oauth.client_auth import require_client
from identity.http.oauth.errors import oauth_blueprint
from identity.http.oauth.form import read_form

blueprint = oauth_blueprint("token")


@blueprint.post("/token")
def issue() -> NoReturn:
    """Issue tokens."""
    form = read_form(repeatable=frozenset({"resource"}))
    require_client(form)
    form.require("grant_type")
    raise UnsupportedGrantType
