"""Discovery and JWKS: public documents that are built once and need no database (OIDC-27)."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, Response, request

from identity.http.oauth.provider_metadata import JWKS_PATH, provider_metadata

METADATA_PATHS: Final = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
_CACHE_CONTROL = "public, max-age=300"
_NOT_MODIFIED = 304


class PublicDocument:
    """A JSON document with its headers; scripts of every site may read it."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self._body = json.dumps(content, indent=1).encode() + b"\n"
        self._digest = hashlib.sha256(self._body).hexdigest()[:32]
        self._headers = {
            "Cache-Control": _CACHE_CONTROL,
            "ETag": f'"{self._digest}"',
            "Access-Control-Allow-Origin": "*",
        }

    def respond(self) -> Response:
        """Return the document, or 304 to a client that has it."""
        if request.if_none_match.contains_weak(self._digest):
            return Response(status=_NOT_MODIFIED, headers=self._headers)
        return Response(self._body, headers=self._headers, content_type="application/json")


def discovery_blueprint(issuer: str, key_set: Mapping[str, Any]) -> Blueprint:
    """Return the routes of this provider's documents."""
    blueprint = Blueprint("oauth_discovery", __name__)
    metadata = PublicDocument(provider_metadata(issuer))
    for path in METADATA_PATHS:
        blueprint.add_url_rule(path, path.rpartition("/")[2], metadata.respond)
    blueprint.add_url_rule(JWKS_PATH, "jwks", PublicDocument(key_set).respond)
    return blueprint
