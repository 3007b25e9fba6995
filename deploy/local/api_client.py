"""A small client for identity's API, with the standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 20


class ApiError(Exception):
    """An error from the API; `code` is the code of the problem document."""

    def __init__(self, call: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{call} answered {status}: {json.dumps(problem, ensure_ascii=False)}")
        self.code = problem.get("code")


class Api:
    """Calls under /api/v1, anonymous or with a bearer token."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self._base_url, self._token = base_url, token

    def as_bearer(self, token: str) -> Api:
        return Api(self._base_url, token)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Return the JSON of the response, or None for an empty body. Raises ApiError."""
        request = urllib.request.Request(f"{self._base_url}/api/v1{path}", method=method)  # noqa: S310 - the URL is built here
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if self._token:
            request.add_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - as above
                return _json(response.read())
        except urllib.error.HTTPError as error:
            problem = _json(error.read())
            raise ApiError(
                f"{method} {path}", error.code, problem if isinstance(problem, dict) else {}
            ) from None


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
