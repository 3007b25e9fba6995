"""Every OAuth refusal has a code and a status, and a metric that starts at zero."""

from typing import get_args

from identity.cli.openapi import application
from identity.domain.authorization_error import ErrorCode
from identity.domain.oauth_errors import OAuthRefusal
from identity.http.oauth.error_responses import ERRORS
from identity.http.oauth.token import GRANT_TYPES
from identity.metrics.web import OAUTH_ENDPOINTS, OAUTH_ERRORS, OAUTH_TOKENS


def test_every_oauth_refusal_has_an_error() -> None:
    assert set(OAuthRefusal.__subclasses__()) <= set(ERRORS)


def test_every_endpoint_error_and_grant_type_is_a_listed_label_value() -> None:
    blueprints = application().blueprints.values()
    endpoints = {
        each.name for each in blueprints if OAuthRefusal in each.error_handler_spec[None].get(None, {})
    }

    errors = {each.error for each in ERRORS.values()} | set(get_args(ErrorCode)) | {"server_error"}
    assert endpoints | {"oauth_authorize"} == {f"oauth_{name}" for name in OAUTH_ENDPOINTS}
    assert errors == set(OAUTH_ERRORS)
    assert {name.rpartition(":")[2] for name in GRANT_TYPES} == set(OAUTH_TOKENS.labels["grant"])
