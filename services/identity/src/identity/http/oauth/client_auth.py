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
    has_header = "Authorization" in request.headers
    secret, assertion = form.get("client_secret"), form.get("client_assertion")
    if has_header + (secret is not None) + (assertion is not None) > 1:
        raise InvalidRequest("the client authenticates by several methods")
    if secret is not None:
        return _by_secret_in_form(form, secret)
    if has_header:
        return _by_secret(form)
    if assertion is not None:
        return _by_key(form, assertion)
    name = form.get("client_id")
    if name is None:
        raise BadClient
    return Credentials(method="none", name=name)


def _by_secret(form: Form) -> Credentials:
    name, secret = basic_credentials()
    if form.get("client_id") not in {None, name}:
        raise InvalidRequest("client_id names another client")
    return Credentials(method="secret", name=name, proof=secret)


def _by_secret_in_form(form: Form, secret: str) -> Credentials:
    name = form.get("client_id")
    if name is None:
        raise BadClient
    return Credentials(method="post", name=name, proof=secret)


def _by_key(form: Form, assertion: str) -> Credentials:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise InvalidRequest("client_assertion_type is not supported")
    return Credentials(method="key", name=form.get("client_id"), proof=assertion)
