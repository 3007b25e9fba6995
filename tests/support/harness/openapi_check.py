"""Compares answers of the API with identity's OpenAPI document (SEC-13)."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs

_DOCUMENT = Path(__file__).resolve().parents[3] / "services/identity/openapi.json"


def check_answer(answer: httpx.Response) -> None:
    """Check a JSON answer of a documented path and method; a hook of httpx.

    Raises AssertionError if the answer does not match the schema of its status.
    """
    if not answer.headers.get("content-type", "").partition(";")[0].endswith("json"):
        return
    path = answer.request.url.path
    template = next((each for each, pattern in _templates() if pattern.fullmatch(path)), None)
    validator = template and _validator(answer.request.method, template, answer.status_code)
    answer.read()
    if validator:
        errors = [f"{each.instance_path}: {each.message}" for each in validator.iter_errors(answer.json())]
        assert not errors, (
            f"{answer.request.method} {path} {answer.status_code} is not as documented: {errors}"
        )


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_DOCUMENT.read_text())
    return document


@cache
def _templates() -> list[tuple[str, re.Pattern[str]]]:
    return [(path, re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path))) for path in _document()["paths"]]


@cache
def _validator(method: str, template: str, status: int) -> jsonschema_rs.Draft202012Validator | None:
    operation = _document()["paths"][template].get(method.lower())
    if operation is None:  # the method is not documented, so the answer is 405
        return None
    responses = operation["responses"]
    response = responses.get(str(status), responses["default"])
    if "$ref" in response:
        response = _document()["components"]["responses"][response["$ref"].rpartition("/")[2]]
    content = response.get("content", {})
    schema = next((each["schema"] for each in content.values() if "schema" in each), None)
    if schema is None:
        return None
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": _document()["components"]}, validate_formats=True
    )
