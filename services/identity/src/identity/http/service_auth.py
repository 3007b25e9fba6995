"""Which service asks: by HTTP Basic as OAuth's client_secret_basic has it, or by its secret as a bearer (SEC-12)."""

from typing import cast
from urllib.parse import unquote_plus

from flask import g, request

from identity.domain.errors import BadClient, ScopeMissing
from identity.domain.service_client import Scope, ServiceClient
from identity.http.context import client_info, ports
from identity.usecases import clients

_MAX_HEADER_CHARACTERS = 512


def require_service(right: Scope) -> ServiceClient:
    """Return the service that asks, which must have the right. Raises BadClient, Locked, ScopeMissing.

    A person's session is nobody here: neither cookie nor token of one is looked at.
    """
    asking = current_service()
    if right not in asking.rights:
        raise ScopeMissing(right)
    return asking


def current_service() -> ServiceClient:
    """Return the service that asks. Raises BadClient, Locked."""
    if "service" not in g:
        name, secret = _credentials()
        g.service = clients.authenticate(ports(), secret, name=name, asker=client_info())
    return cast("ServiceClient", g.service)


def _credentials() -> tuple[str | None, str]:
    """Return name and secret, each form-encoded (RFC 6749 section 2.3.1), or no name. Raises BadClient."""
    if len(request.headers.get("Authorization", "")) > _MAX_HEADER_CHARACTERS:
        raise BadClient
    given = request.authorization
    if given is not None and given.type == "basic" and given.password:
        return unquote_plus(given.username or ""), unquote_plus(given.password)
    if given is not None and given.type == "bearer" and given.token:
        return None, given.token
    raise BadClient
