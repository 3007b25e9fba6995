"""Authentication of services: HTTP Basic (OAuth's client_secret_basic), or the secret as a bearer token (SEC-12)."""

from typing import cast
from urllib.parse import unquote_plus

from flask import g, request
from werkzeug.datastructures import Authorization

from identity.domain.errors import BadClient, ScopeMissing
from identity.domain.service_client import Scope, ServiceClient
from identity.http.client_info import client_info
from identity.http.web_context import ports
from identity.usecases import service_clients

_MAX_HEADER_CHARACTERS = 512


def require_service(scope: Scope) -> ServiceClient:
    """Authenticate the service that sent the request. Refusals are recorded. Raises BadClient, Locked, ScopeMissing."""
    service = _current_service()
    if scope not in service.rights:
        service_clients.record_refused(
            ports(), service.name, throttle_key=f"{service.name}:{scope}", why="right_missing", right=scope
        )
        raise ScopeMissing(scope)
    return service


def _current_service() -> ServiceClient:
    if "service" not in g:
        name, secret = _credentials()
        g.service = service_clients.authenticate(ports(), secret, name=name, client_info=client_info())
    return cast("ServiceClient", g.service)


def basic_credentials(header: str) -> tuple[str, str]:
    """Return the form-decoded name and secret of an Authorization header (RFC 6749 section 2.3.1). Raises BadClient."""
    sent = _read(header)
    if sent is not None and sent.type == "basic" and sent.password:
        return unquote_plus(sent.username or ""), unquote_plus(sent.password)
    raise BadClient


def _credentials() -> tuple[str | None, str]:
    """Return the name and the secret. The name is None if the secret is a bearer token. Raises BadClient."""
    header = request.headers.get("Authorization", "")
    sent = _read(header)
    if sent is not None and sent.type == "bearer" and sent.token:
        return None, sent.token
    return basic_credentials(header)


def _read(header: str) -> Authorization | None:
    if len(header) > _MAX_HEADER_CHARACTERS:
        raise BadClient
    return Authorization.from_header(header)
