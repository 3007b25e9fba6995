"""Who acts through the admin API: a service with the right, in the name of its operator (OPS-1)."""

from dataclasses import replace

from flask import g, request

from identity.domain.audit import Caller, parse_operator, parse_reason
from identity.domain.errors import InvalidValue, OperatorMissing
from identity.domain.service_client import Scope
from identity.http.context import client_address, ports
from identity.http.service_auth import require_service
from identity.usecases.ports import Ports

RIGHT: Scope = "accounts:admin"
HEADER = "X-Operator"


def require_operator() -> Caller:
    """Return who asks. Raises BadClient, Locked, ScopeMissing, OperatorMissing."""
    service = require_service(RIGHT)
    try:
        name = parse_operator(_utf8_header(request.headers.get(HEADER, "")))
    except InvalidValue:
        raise OperatorMissing from None
    return Caller(
        kind="operator",
        name=name,
        via=service.name,
        address=client_address(),
        request_id=g.get("request_id", ""),
    )


def _utf8_header(raw: str) -> str:
    """Return a header's text: bytes of UTF-8, which WSGI hands over as Latin-1 (PEP 3333)."""
    try:
        return raw.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return ""


def operator_ports(reason: str | None = None) -> Ports:
    """Return the use cases' ports in the operator's hand. Raises as `operator` does."""
    who = require_operator()
    return ports().by(replace(who, reason=parse_reason(reason) if reason else None))
