"""Authentication of the admin API: a service with the required right names its operator (OPS-1)."""

from dataclasses import replace

from flask import request

from identity.domain.audit import Caller, parse_operator, parse_reason
from identity.domain.errors import InvalidValue, OperatorMissing
from identity.domain.service_client import Scope
from identity.http.service_auth import require_service
from identity.http.web_context import ports
from identity.usecases import service_clients
from identity.usecases.ports import Ports

HEADER = "X-Operator"


def require_operator(scope: Scope = "accounts:admin") -> Caller:
    """Authenticate the service, and return the operator that it names. Refusals are recorded.

    Raises BadClient, Locked, ScopeMissing, OperatorMissing.
    """
    service = require_service(scope)
    try:
        name = parse_operator(_utf8_header(request.headers.get(HEADER, "")))
    except InvalidValue:
        service_clients.record_refused(
            ports(), service.name, throttle_key=service.name, why="operator_missing"
        )
        raise OperatorMissing from None
    return replace(ports().caller(), kind="operator", name=name, via=service.name)


def _utf8_header(raw: str) -> str:
    """Return the text of a header that was sent in UTF-8; WSGI decodes headers as Latin-1 (PEP 3333)."""
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return ""


def operator_ports(reason: str | None = None, *, scope: Scope = "accounts:admin") -> Ports:
    """Return ports whose caller is the operator. Raises InvalidValue, and the errors of `require_operator`."""
    operator = require_operator(scope)
    return ports().by(replace(operator, reason=parse_reason(reason) if reason else None))
