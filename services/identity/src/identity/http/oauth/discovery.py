"""Discovery documents and the JWK set, which are built once and need no database (OIDC-27)."""

import hashlib
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from flask import Blueprint, Response, request
from werkzeug.http import parse_etags

from identity.http.fast_path import Answer
from identity.http.oauth.provider_metadata import JWKS_PATH, provider_metadata

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

METADATA_PATHS: Final = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


class PublicDocument:
    """A JSON document that scripts of any site may read, with its headers."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        body = json.dumps(content, indent=1).encode() + b"\n"
        self._digest = hashlib.sha256(body).hexdigest()[:32]
        headers = [
            ("Content-Type", "application/json"),
            ("Cache-Control", "public, max-age=300"),
            ("ETag", f'"{self._digest}"'),
            ("Access-Control-Allow-Origin", "*"),
        ]
        self._whole = Answer([*headers, ("Content-Length", str(len(body)))], body)
        self._not_modified = Answer(headers, b"", HTTPStatus.NOT_MODIFIED)

    def answer(self, environ: "WSGIEnvironment") -> Answer:
        """Return 304 if the client has the document's entity tag, otherwise the document."""
        known = environ.get("HTTP_IF_NONE_MATCH")
        is_current = known and parse_etags(known).contains_weak(self._digest)
        return self._not_modified if is_current else self._whole


def public_documents(issuer: str, key_set: Mapping[str, Any]) -> dict[str, PublicDocument]:
    """Return the provider's documents by path."""
    metadata = PublicDocument(provider_metadata(issuer))
    return {**dict.fromkeys(METADATA_PATHS, metadata), JWKS_PATH: PublicDocument(key_set)}


def discovery_blueprint(documents: Mapping[str, PublicDocument]) -> Blueprint:
    blueprint = Blueprint("oauth_discovery", __name__)

    def show() -> Response:
        answer = documents[request.path].answer(request.environ)
        return Response(answer.body, answer.status, answer.headers)

    for path in documents:
        blueprint.add_url_rule(path, path.rpartition("/")[2].partition(".")[0], show)
    return blueprint
