"""The JSON API under /api/v1: the same nouns as the use cases."""

from threading import Lock
from typing import Any

from flask import Flask, Response, jsonify
from flask_smorest import Api, Blueprint
from flask_smorest.utils import prepare_response

from identity.http.api import (
    accounts,
    admin,
    bindings,
    consents,
    feed,
    profile,
    recovery,
    sessions,
    verifications,
)
from identity.http.api.response_schemas import ProblemShown
from identity.http.problems import MEDIA_TYPE

PREFIX = "/api/v1"
_MODULES = (accounts, verifications, sessions, consents, bindings, profile, recovery, feed, admin)
BLUEPRINTS = frozenset(module.blueprint.name for module in _MODULES)
_EXTENSION = "identity.api"
_TITLE = "Identity of Taiwan's port passes"


class ProblemApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest without error answers of its own, `http/errors.py` has them all, and without haste.

    Its document takes longer than the rest of a process' start, and few processes are ever asked for it.
    """

    def __init__(self, app: Flask) -> None:
        self._undocumented: list[Blueprint] = []
        self._writing = Lock()
        super().__init__(app)

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """Register the views alone; the document is written when somebody asks for it."""
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint, **options)
        self._undocumented.append(blueprint)

    def document(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        with self._writing:
            while self._undocumented:
                blueprint = self._undocumented.pop(0)
                name = blueprint.name
                blueprint.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
                self.spec.tag({"name": name, "description": blueprint.description})
            document: dict[str, Any] = self.spec.to_dict()
        return document

    def _openapi_json(self) -> Response:
        return jsonify(self.document())

    def _register_error_handlers(self) -> None:
        """Register none."""

    def _register_responses(self) -> None:
        """Document a problem where flask-smorest would its own error."""
        response = {"description": "RFC 9457 problem document", "schema": ProblemShown}
        prepare_response(response, self.spec, MEDIA_TYPE)
        self.spec.components.response(self.DEFAULT_ERROR_RESPONSE_NAME, response, lazy=True)


def init_app(app: Flask) -> ProblemApi:
    """Register the API's blueprints and its OpenAPI document."""
    app.config.update(
        API_TITLE=_TITLE,
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        OPENAPI_JSON_SORT_KEYS=False,
    )
    api = ProblemApi(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    api.spec.components.security_scheme("service", {"type": "http", "scheme": "basic"})
    for module in _MODULES:
        api.register_blueprint(module.blueprint, url_prefix=PREFIX)
    app.extensions[_EXTENSION] = api
    return api


def api_document(app: Flask) -> dict[str, Any]:
    """Return the application's OpenAPI document."""
    api: ProblemApi = app.extensions[_EXTENSION]
    return api.document()
