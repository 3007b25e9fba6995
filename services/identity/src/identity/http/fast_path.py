"""WSGI middleware that answers the most frequent requests without Flask.

Flask has the same routes. It handles the requests that the functions here decline, and the exceptions that they raise.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

from identity.http.known_hosts import is_known_host
from identity.http.request_metrics import RequestMetrics
from identity.http.request_record import RequestRecord

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_TO_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
ERROR: Final = "identity.error"
"""The key, in the WSGI environment, of an exception that an answerer raised."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response without `X-Request-ID` and the security headers, which `FastPath` adds."""

    headers: Sequence[tuple[str, str]]
    body: bytes
    status: HTTPStatus = HTTPStatus.OK

    @classmethod
    def of_json(cls, content: Any) -> Self:
        """Return the response that Flask's `jsonify` gives, uncompressed, with the `Vary` header of Flask-Compress."""
        body = _TO_JSON(content).encode() + b"\n"
        return cls(
            [
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("Vary", "Accept-Encoding"),
            ],
            body,
        )


Answerer = Callable[["WSGIEnvironment"], Answer | None]
"""A function that answers a request, or returns None if Flask must handle the request."""


class FastPath:
    """The answerers, by method and path. Other requests, and those for hosts outside `hosts`, go to `application`.

    If `hosts` is None, all hosts are allowed.
    """

    def __init__(
        self,
        application: "WSGIApplication",
        answerers: Mapping[tuple[str, str], Answerer],
        *,
        meter: RequestMetrics,
        headers: Mapping[str, str],
        hosts: frozenset[str] | None,
    ) -> None:
        self._application, self._answerers = application, answerers
        self._meter, self._hosts = meter, hosts
        self._headers = headers
        self._common_headers = cache(self._headers_without)  # few combinations of header names exist

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return self._answer(environ, start_response) or self._application(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes] | None:
        path = environ["PATH_INFO"]
        answerer = self._answerers.get((environ["REQUEST_METHOD"], path))
        if answerer is None or not is_known_host(self._hosts, environ.get("HTTP_HOST", "")):
            return None
        record = RequestRecord.begin(environ)
        try:
            answer = answerer(environ)
        except Exception as error:  # noqa: BLE001 - Flask handles it
            environ[ERROR] = error
            return None
        if answer is None:
            return None
        status = f"{answer.status.value} {answer.status.phrase.upper()}"
        common = self._common_headers(tuple(name for name, _ in answer.headers))
        start_response(status, [*answer.headers, ("X-Request-ID", record.id), *common])
        record.end(self._meter, path, int(answer.status))
        return [answer.body]

    def _headers_without(self, names: tuple[str, ...]) -> list[tuple[str, str]]:
        own = {name.lower() for name in names}
        return [(name, value) for name, value in self._headers.items() if name.lower() not in own]
