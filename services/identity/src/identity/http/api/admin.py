"""Operators' reads and actions, through a service that names the operator (OPS-1, OPS-2)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from marshmallow import fields
from marshmallow.validate import Range

from identity.domain.account import Account
from identity.domain.audit import ACTIONS, parse_operator, parse_reason
from identity.domain.errors import InvalidValue
from identity.domain.mailbox import parse_mailbox
from identity.http.api import admin_schemas as schemas
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, Text, one_of
from identity.http.field_errors import InvalidInput, parse_tax_id
from identity.http.operator_auth import HEADER, operator_ports, require_operator
from identity.http.problems import field_error
from identity.usecases import account_queries, administration, grant_administration, operator_decisions
from identity.usecases.account_queries import AccountDetails
from identity.usecases.ports import Ports
from identity.usecases.ports.accounts import AccountFilter
from identity.usecases.ports.audit import AuditFilter

OPERATOR_HEADER = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "who acts, as the service says; the audit log marks it as `asserted`",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
}

blueprint = Blueprint(
    "admin",
    __name__,
    description="Operators, by a service with the right accounts:admin",
    security=[{"service": []}, {"bearer": []}],
    parameters=[OPERATOR_HEADER],
)

_ERRORS = (400, 401, 403, 429)
_MAX_LIMIT = 200
_MAX_ROW_ID = 2**53 - 1
_STATUSES = ("email_unverified", "awaiting_review", "active", "suspended", "closed")
_MIN_PART_CHARACTERS = 2
_TIMES = Range(datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC))


def _part(raw: str) -> str:
    """Return part of a name; a single character would match nearly everything."""
    part = raw.strip()
    if len(part) < _MIN_PART_CHARACTERS:
        raise InvalidValue("too_short", min=_MIN_PART_CHARACTERS)
    return part


class PageQuery(Input):
    """A page of the rows before a given one."""

    before = fields.Integer(validate=Range(1, _MAX_ROW_ID))
    limit = fields.Integer(load_default=100, validate=Range(1, _MAX_LIMIT))


class AuditQuery(PageQuery):
    """Rows of the audit log that match every condition given."""

    account = Text(metadata={"description": "an account's id, or the name of an open one"})
    operator = Text(parse_operator)
    action = one_of(*ACTIONS)
    since = fields.AwareDateTime(format="iso", validate=_TIMES)


class AccountQuery(Input):
    """Accounts that match every condition given; `name` and `company` match any part of a name."""

    name = Text(_part)
    mailbox = Text(parse_mailbox)
    tax_id = Text(parse_tax_id)
    company = Text(_part)
    status = one_of(*_STATUSES)
    kind = one_of("general", "link")
    after = Text(metadata={"description": "the id of the last account of the page before"})
    limit = fields.Integer(load_default=100, validate=Range(1, _MAX_LIMIT))


class ReasonInput(Input):
    """The reason, stored in the audit log; the applicant reads the reason of a rejection."""

    reason = Text(parse_reason, required=True)


class MailboxInput(ReasonInput):
    """A new mailbox, for someone who lost theirs."""

    email = Text(parse_mailbox, required=True)


@blueprint.get("/admin/accounts")
@blueprint.arguments(AccountQuery, location="query", guard=require_operator)
@blueprint.errors(*_ERRORS, 422)
@blueprint.response(200, schemas.FoundAccountsSchema)
def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """Find accounts, oldest first."""
    found = account_queries.find(operator_ports(), AccountFilter(**arguments))
    return {"items": found, "next": found[-1].id if len(found) == arguments["limit"] else None}


@blueprint.get("/admin/accounts/<uuid:account_id>")
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(200, schemas.AdminAccountSchema)
def show(account_id: object) -> AccountDetails:
    """Show an account's state."""
    return account_queries.show(operator_ports(), str(account_id))


@blueprint.get("/admin/accounts/<uuid:account_id>/bindings")
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(200, schemas.AdminBindingsSchema)
def list_bindings(account_id: object) -> dict[str, Any]:
    """List an account's bindings, live and ended."""
    return {"items": account_queries.bindings_of(operator_ports(), str(account_id))}


@blueprint.get("/admin/accounts/<uuid:account_id>/sessions")
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(200, schemas.AdminSessionsSchema)
def list_sessions(account_id: object) -> dict[str, Any]:
    """List the sessions that an account holds and those that act as it, each with its services (OIDC-24)."""
    ports = operator_ports()
    found = account_queries.logins_of(ports, str(account_id))
    return {"items": [schemas.admin_login(login, ports.rules.sessions) for login in found]}


@blueprint.get("/admin/accounts/<uuid:account_id>/history")
@blueprint.arguments(PageQuery, location="query", guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 422)
@blueprint.response(200, schemas.AuditRowsSchema)
def history(arguments: dict[str, Any], account_id: object) -> dict[str, Any]:
    """List what happened to an account, newest first."""
    return _rows(AuditFilter(account=str(account_id), **arguments))


@blueprint.get("/admin/audit")
@blueprint.arguments(AuditQuery, location="query", guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 422)
@blueprint.response(200, schemas.AuditRowsSchema)
def audit(arguments: dict[str, Any]) -> dict[str, Any]:
    """List who did what, newest first."""
    return _rows(AuditFilter(**arguments))


def _rows(criteria: AuditFilter) -> dict[str, Any]:
    found = account_queries.history(operator_ports(), criteria)
    return {"items": found, "next": found[-1].id if len(found) == criteria.limit else None}


def _register_action(path: str, act: Callable[[Ports, str], Account], summary: str) -> None:
    """Register a call that does one thing to an account and returns its new state."""

    def view(arguments: dict[str, Any], account_id: object) -> AccountDetails:
        ports = operator_ports(arguments["reason"])
        return account_queries.details(ports, act(ports, str(account_id)).id)

    view.__name__, view.__doc__ = path.replace("-", "_"), summary
    documented = blueprint.response(200, schemas.AdminAccountSchema)(view)
    documented = blueprint.errors(*_ERRORS, 404, 409)(documented)
    documented = blueprint.arguments(ReasonInput, guard=require_operator)(documented)
    blueprint.post(f"/admin/accounts/<uuid:account_id>/{path}")(documented)


def _reject(ports: Ports, account_id: str) -> Account:
    return operator_decisions.reject(ports, account_id, reason=ports.caller().reason or "")


_register_action(
    "approve", operator_decisions.approve, "Approve an account that awaits review; the applicant is notified."
)
_register_action(
    "reject", _reject, "Reject and close an account that awaits review; the applicant is sent the reason."
)
_register_action(
    "suspend", operator_decisions.suspend, "Suspend an account: its sessions end at once (OPS-2)."
)
_register_action("reinstate", operator_decisions.reinstate, "Lift a suspension.")
_register_action(
    "close",
    operator_decisions.close,
    "Permanently close an account; its username and mailbox can be reused.",
)
_register_action("unlock", administration.unlock, "Unlock an account locked by failed logins.")
_register_action("resend-mail", administration.resend_mail, "Resend the pending verification link.")


@blueprint.put("/admin/accounts/<uuid:account_id>/mailbox")
@blueprint.arguments(MailboxInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 409, 422)
@blueprint.response(202, schemas.AdminAccountSchema)
def set_mailbox(arguments: dict[str, Any], account_id: object) -> AccountDetails:
    """Set a new mailbox for someone who lost theirs; the link mailed there verifies it."""
    ports = operator_ports(arguments["reason"])
    try:
        administration.set_mailbox(ports, str(account_id), email=arguments["email"])
    except InvalidValue as error:
        raise InvalidInput([field_error("/email", error)]) from None
    return account_queries.details(ports, str(account_id))


@blueprint.post("/admin/accounts/<uuid:account_id>/end-sessions")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 409)
@blueprint.response(200, schemas.EndedSessionsSchema)
def end_sessions(arguments: dict[str, Any], account_id: object) -> dict[str, Any]:
    """End the sessions that an account holds, and those that act as it."""
    return {"ended": administration.end_sessions(operator_ports(arguments["reason"]), str(account_id))}


@blueprint.post("/admin/sessions/<uuid:session_id>/end")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(204)
def end_session(arguments: dict[str, Any], session_id: object) -> None:
    """End one session."""
    administration.end_session(operator_ports(arguments["reason"]), str(session_id))


@blueprint.post("/admin/grants/<uuid:grant_id>/end")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(204)
def end_grant(arguments: dict[str, Any], grant_id: object) -> None:
    """End one login at a service; the service is notified (OIDC-24)."""
    grant_administration.end_grant(operator_ports(arguments["reason"]), str(grant_id))


@blueprint.post("/admin/bindings/<uuid:binding_id>/remove")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(204)
def remove_binding(arguments: dict[str, Any], binding_id: object) -> None:
    """End a binding; sessions acting by it end at once. The general side gets a mail, the link side sees it listed."""
    administration.remove_binding(operator_ports(arguments["reason"]), str(binding_id))


@blueprint.post("/admin/bindings/<uuid:binding_id>/resend-code")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 409)
@blueprint.response(202)
def resend_code(arguments: dict[str, Any], binding_id: object) -> dict[str, Any]:
    """Mail a new code for a binding that is not yet verified; the older one becomes invalid."""
    administration.resend_code(operator_ports(arguments["reason"]), str(binding_id))
    return {}
