"""A small client for identity's API."""

from __future__ import annotations

import json
from typing import Any

import requests

TIMEOUT_SECONDS = 20


class ApiError(Exception):
    """An error from the API; `code` is the code of the problem document."""

    def __init__(self, call: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{call} answered {status}: {json.dumps(problem, ensure_ascii=False)}")
        self.code = problem.get("code")


class Api:
    """Calls under /api/v1, anonymous or with a bearer token."""

    def __init__(self, base_url: str, token: str | None = None) -> None:
        self._base_url = base_url
        self._session = requests.Session()
        self._session.trust_env = False  # without a proxy and the passwords of .netrc
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def as_bearer(self, token: str) -> Api:
        return Api(self._base_url, token)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of the response, or None for an empty body. Raises ApiError and requests' errors."""
        url = f"{self._base_url}/api/v1{path}"
        answer = self._session.request(method, url, json=body, timeout=TIMEOUT_SECONDS)
        if not answer.ok:
            is_problem = answer.headers.get("Content-Type", "").startswith("application/problem+json")
            problem = answer.json() if is_problem else {"title": answer.reason}
            raise ApiError(f"{method} {path}", answer.status_code, problem)
        return answer.json() if answer.content else None
