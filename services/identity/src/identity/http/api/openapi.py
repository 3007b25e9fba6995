"""Registration of the API, its OpenAPI document, and the page /docs, which is rendered from the document."""

from threading import Lock
from typing import Any

from flask import Flask, Response, current_app, jsonify, render_template
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from flask_wtf import CSRFProtect

from identity.http.api import (
    admin,
    admin_clients,
    bindings,
    consents,
    feed,
    profile,
    recovery,
    registration,
    sessions,
    verifications,
)
from identity.http.api.blueprint import Blueprint
from identity.http.api.schemas import ProblemSchema
from identity.http.problems import MEDIA_TYPE
from identity.http.web_context import EXTENSION as WEB_CONTEXT

PREFIX = "/api/v1"
_MODULES = (
    registration,
    verifications,
    sessions,
    consents,
    bindings,
    profile,
    recovery,
    feed,
    admin,
    admin_clients,
)
_EXTENSION = "identity.api"
_TITLE = "Identity of Taiwan's port passes"


class LazyApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's Api that creates the document on first use and leaves error responses to `http/errors.py`.

    Creating the document is slow, and few processes serve it.
    """

    def __init__(self, app: Flask) -> None:
        self._undocumented: list[Blueprint] = []
        self._lock = Lock()
        super().__init__(app)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Register the views only. `document` adds them to the OpenAPI document."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint, **options)
        self._undocumented.append(blueprint)

    def document(self) -> dict[str, Any]:
        with self._lock:
            while self._undocumented:
                blueprint = self._undocumented.pop(0)
                name = blueprint.name
                blueprint.register_views_in_doc(
                    self, self._app, self.spec, name=name, parameters=blueprint.parameters
                )
                self.spec.tag({"name": name, "description": blueprint.description})
            document: dict[str, Any] = self.spec.to_dict()
        for operation in operations(document).values():
            operation.setdefault("security", [])  # states explicitly that no authentication is needed
        return document

    def _openapi_json(self) -> Response:
        return jsonify(self.document())

    def _register_error_handlers(self) -> None:
        """Do nothing, because `http/errors.py` handles the API's errors."""

    def _register_pagination_header(self) -> None:
        """Do nothing, because pages have cursors in their bodies."""

    def _register_responses(self) -> None:
        """Add the problem document to the OpenAPI document, in place of flask-smorest's error response."""
        response = {"description": "RFC 9457 problem document", "schema": ProblemSchema}
        prepare_response(response, self.spec, MEDIA_TYPE)
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, response, lazy=True)


def init_app(app: Flask, csrf: CSRFProtect) -> None:
    """Register the API's blueprints, /openapi.json and /docs.

    JSON requests contain no CSRF token; with a session cookie, `http/same_origin.py` checks their origin (SEC-8).
    """
    app.config.update(
        API_TITLE=_TITLE,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_JSON_SORT_KEYS=False,
        API_SPEC_OPTIONS={
            "info": {"license": {"name": "Apache 2.0", "identifier": "Apache-2.0"}},
            "servers": [{"url": app.extensions[WEB_CONTEXT].ports.rules.public_url}],
        },
    )
    api = LazyApi(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    api.spec.components.security_scheme("service", {"type": "http", "scheme": "basic"})
    for module in _MODULES:
        api.register_blueprint(module.blueprint, url_prefix=PREFIX)
        csrf.exempt(module.blueprint)
    app.extensions[_EXTENSION] = api
    app.add_url_rule("/docs", "reference", _reference)


def api_document(app: Flask) -> dict[str, Any]:
    api: LazyApi = app.extensions[_EXTENSION]
    return api.document()


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the operations of an OpenAPI document by method and path."""
    return {
        (method.upper(), path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict)
    }


def _reference() -> str:
    document = api_document(current_app)
    return render_template("portal/api_reference.html", operations=operations(document), document=document)
