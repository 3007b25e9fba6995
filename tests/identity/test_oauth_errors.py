"""Every refusal of OAuth has its code and status."""

from identity.domain.oauth_errors import OAuthRefusal
from identity.http.oauth.errors import ERRORS


def test_every_oauth_refusal_has_an_error() -> None:
    assert set(OAuthRefusal.__subclasses__()) <= set(ERRORS)
