"""Authentication of clients at OAuth endpoints (OIDC-18)."""

from dataclasses import replace

from flask import request

from identity.domain.errors import BadClient
from identity.domain.oauth_errors import InvalidRequest
from identity.domain.oidc_client import RegisteredClient
from identity.http.client_info import client_info
from identity.http.oauth.form import Form
from identity.http.service_auth import basic_credentials
from identity.http.web_context import ports
from identity.usecases.client_authentication import Credentials, authenticate
from identity.usecases.ports import Ports

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def require_client(form: Form) -> RegisteredClient:
    """Authenticate the client of the request. Raises InvalidRequest, BadClient, Locked."""
    return authenticate(ports(), credentials_of(form), client_info=client_info())


def client_ports(client: RegisteredClient) -> Ports:
    """Return ports that record the client as the caller."""
    return ports().by(replace(ports().caller(), kind="service", name=client.oidc.name))


def credentials_of(form: Form) -> Credentials:
    """Return the request's credentials; only one method is allowed (RFC 6749 section 2.3).

    Raises InvalidRequest, BadClient.
    """
    header, name = request.headers.get("Authorization"), form.get("client_id")
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if sum(each is not None for each in (header, secret, assertion)) > 1:
        raise InvalidRequest("the client authenticates by several methods")
    if header is not None:
        return _by_header(header, name)
    if assertion is not None:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise InvalidRequest("client_assertion_type is not supported")
        return Credentials(method="key", name=name, proof=assertion)
    if name is None:
        raise BadClient
    if secret is not None:
        return Credentials(method="post", name=name, proof=secret)
    return Credentials(method="none", name=name)


def _by_header(header: str, client_id: str | None) -> Credentials:
    name, secret = basic_credentials(header)
    if client_id not in {None, name}:
        raise InvalidRequest("client_id names another client")
    return Credentials(method="secret", name=name, proof=secret)
