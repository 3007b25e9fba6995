"""flask-smorest's blueprint with decorators that load input and document errors."""

from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, Literal

import flask_smorest
from marshmallow import Schema
from typing_extensions import override

from identity.http.api.input_loading import json_body, load, query_arguments
from identity.http.api.schemas import ProblemSchema
from identity.http.problems import MEDIA_TYPE

Decorator = Callable[[Any], Any]
Location = Literal["json", "query"]
_BODY_ERRORS = (400, 413, 415, 422)
_ERRORS_OF_ALL = (HTTPStatus.MISDIRECTED_REQUEST, HTTPStatus.SERVICE_UNAVAILABLE)
_SESSION: Sequence[dict[str, list[str]]] = ({"bearer": []},)


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """Views load input with `arguments`, document errors with `errors` and dump output with `response`.

    `security` is documented for every view that may respond with 401, `parameters` for every view.
    """

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        description: str,
        security: Sequence[dict[str, list[str]]] = _SESSION,
        parameters: Sequence[dict[str, Any]] = (),
    ) -> None:
        super().__init__(name, import_name, description=description)
        self.parameters = list(parameters)
        self._security = list(security)

    @override
    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Register a view with the operation id `<blueprint>_<view>`, which generated clients use as a name."""
        if view_func is not None:
            view_func = self.doc(operationId=f"{self.name}_{endpoint or view_func.__name__}")(view_func)
        super().add_url_rule(rule, endpoint, view_func, **options)

    def arguments(
        self,
        schema: type[Schema],
        *,
        location: Location = "json",
        guard: Callable[[], object] | None = None,
    ) -> Decorator:
        """Load the JSON body or the query string with `schema` and pass the result to the view as its first argument.

        All invalid fields are reported at once (REG-11). `guard` runs first and raises if the caller is not
        authorized, so that the response reveals nothing about the input (SEC-13).
        """
        loader = schema()
        read = json_body if location == "json" else query_arguments

        def decorate(view: Callable[..., Any]) -> Any:
            @wraps(view)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                if guard is not None:
                    guard()
                return view(load(loader, read()), *args, **kwargs)

            if location == "query":
                return self.doc(parameters=[{"in": "query", "schema": schema}])(wrapper)
            content = {"application/json": {"schema": schema}}
            documented = self.doc(requestBody={"required": True, "content": content})(wrapper)
            return self.errors(*_BODY_ERRORS)(documented)

        return decorate

    def errors(self, *statuses: int) -> Decorator:
        """Document a view's error statuses, those of all views (421, 503), and with 401 also `security`."""
        content = {MEDIA_TYPE: {"schema": ProblemSchema}}
        document: dict[str, Any] = {
            "responses": {
                int(status): {"description": HTTPStatus(status).phrase, "content": content}
                for status in sorted({*statuses, *_ERRORS_OF_ALL})
            }
        }
        if HTTPStatus.UNAUTHORIZED in statuses:
            document["security"] = self._security
        decorator: Decorator = self.doc(**document)
        return decorator
