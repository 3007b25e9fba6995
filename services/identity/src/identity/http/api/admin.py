"""Operators' queries and actions, by a service that names the operator (OPS-1, OPS-2)."""

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
from identity.http.api.paging import RowsQuery, page_limit, page_of
from identity.http.field_errors import InvalidInput, field_error, parse_tax_id
from identity.http.operator_auth import HEADER, operator_ports, require_operator
from identity.usecases import account_queries, operator_decisions, operator_support
from identity.usecases.account_queries import AccountDetails
from identity.usecases.ports import Ports
from identity.usecases.ports.accounts import AccountFilter
from identity.usecases.ports.audit import AuditFilter

OPERATOR_HEADER = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "the operator's name, which the service asserts; the audit log marks it as `asserted`",
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
_STATUSES = ("email_unverified", "awaiting_review", "active", "suspended", "closed")
_MIN_PART_CHARACTERS = 2
_TIMES = Range(datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC))


def _part(raw: str) -> str:
    """Return a part of a name. A single character is refused, because it would match nearly every name."""
    part = raw.strip()
    if len(part) < _MIN_PART_CHARACTERS:
        raise InvalidValue("too_short", min=_MIN_PART_CHARACTERS)
    return part


class AuditQuery(RowsQuery):
    """Search criteria for the audit log, combined with AND."""

    account = Text(metadata={"description": "an account's id, or the username of an open account"})
    operator = Text(parse_operator)
    action = one_of(*ACTIONS)
    since = fields.AwareDateTime(format="iso", validate=_TIMES)


class AccountQuery(Input):
    """Search criteria for accounts, combined with AND.

    `name` matches a part of the username or full name, `company` a part of the company's name.
    """

    name = Text(_part)
    mailbox = Text(parse_mailbox)
    tax_id = Text(parse_tax_id)
    company = Text(_part)
    status = one_of(*_STATUSES)
    kind = one_of("general", "link")
    after = Text(metadata={"description": "the id of the last account of the previous page"})
    limit = page_limit()


class ReasonInput(Input):
    """`reason` is stored in the audit log. The reason for a rejection is also mailed to the applicant."""

    reason = Text(parse_reason, required=True)


class MailboxInput(ReasonInput):
    email = Text(parse_mailbox, required=True)


@blueprint.get("/admin/accounts")
@blueprint.arguments(AccountQuery, location="query", guard=require_operator)
@blueprint.errors(*_ERRORS, 422)
@blueprint.response(200, schemas.FoundAccountsSchema)
def find(arguments: dict[str, Any]) -> dict[str, Any]:
    """Search accounts, oldest first."""
    found = account_queries.find(operator_ports(), AccountFilter(**arguments))
    return page_of(found, arguments["limit"])


@blueprint.get("/admin/accounts/<uuid:account_id>")
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(200, schemas.AdminAccountSchema)
def show(account_id: object) -> AccountDetails:
    """Return an account's state."""
    return account_queries.show(operator_ports(), str(account_id))


@blueprint.get("/admin/accounts/<uuid:account_id>/bindings")
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(200, schemas.AdminBindingsSchema)
def list_bindings(account_id: object) -> dict[str, Any]:
    """List an account's live and ended bindings."""
    return {"items": account_queries.bindings_of(operator_ports(), str(account_id))}


@blueprint.get("/admin/accounts/<uuid:account_id>/sessions")
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(200, schemas.AdminSessionsSchema)
def list_sessions(account_id: object) -> dict[str, Any]:
    """List the sessions that an account opened or that act as it, each with its logins at services (OIDC-25)."""
    return {"items": account_queries.logins_of(operator_ports(), str(account_id))}


@blueprint.get("/admin/accounts/<uuid:account_id>/history")
@blueprint.arguments(RowsQuery, location="query", guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 422)
@blueprint.response(200, schemas.AuditRowsSchema)
def history(arguments: dict[str, Any], account_id: object) -> dict[str, Any]:
    """List an account's audit entries, newest first."""
    return _rows(AuditFilter(account=str(account_id), **arguments))


@blueprint.get("/admin/audit")
@blueprint.arguments(AuditQuery, location="query", guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 422)
@blueprint.response(200, schemas.AuditRowsSchema)
def audit(arguments: dict[str, Any]) -> dict[str, Any]:
    """Search the audit log, newest first."""
    return _rows(AuditFilter(**arguments))


def _rows(criteria: AuditFilter) -> dict[str, Any]:
    return page_of(account_queries.history(operator_ports(), criteria), criteria.limit)


def _register_action(path: str, act: Callable[[Ports, str], Account], summary: str) -> None:
    """Register a view that performs an action on an account and returns the account's new state."""

    def view(arguments: dict[str, Any], account_id: object) -> AccountDetails:
        ports = operator_ports(arguments["reason"])
        return account_queries.details(ports, act(ports, str(account_id)).id)

    view.__name__, view.__doc__ = path.replace("-", "_"), summary
    documented = blueprint.response(200, schemas.AdminAccountSchema)(view)
    documented = blueprint.errors(*_ERRORS, 404, 409)(documented)
    documented = blueprint.arguments(ReasonInput, guard=require_operator)(documented)
    blueprint.post(f"/admin/accounts/<uuid:account_id>/{path}")(documented)


_register_action(
    "approve", operator_decisions.approve, "Approve an account that awaits review; the applicant is notified."
)
_register_action(
    "reject",
    operator_decisions.reject,
    "Reject and close an account that awaits review; the reason is mailed to the applicant.",
)
_register_action(
    "suspend",
    operator_decisions.suspend,
    "Suspend an account, end its sessions and logins at services, and drop a pending change of mailbox (OPS-2).",
)
_register_action("reinstate", operator_decisions.reinstate, "Lift a suspension.")
_register_action(
    "close",
    operator_decisions.close,
    "Permanently close an account; end its bindings, sessions and logins at services; free its username and mailbox.",
)
_register_action(
    "unlock", operator_support.unlock, "Reset an account's counts of failed logins and of password checks."
)
_register_action("resend-mail", operator_support.resend_mail, "Mail a new link for a pending verification.")


@blueprint.put("/admin/accounts/<uuid:account_id>/mailbox")
@blueprint.arguments(MailboxInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 409, 422)
@blueprint.response(202, schemas.AdminAccountSchema)
def set_mailbox(arguments: dict[str, Any], account_id: object) -> AccountDetails:
    """Set a new mailbox for a person who has lost theirs. A verified mailbox stays until the mailed link is used."""
    ports = operator_ports(arguments["reason"])
    try:
        operator_support.set_mailbox(ports, str(account_id), email=arguments["email"])
    except InvalidValue as error:
        raise InvalidInput([field_error("/email", error)]) from None
    return account_queries.details(ports, str(account_id))


@blueprint.post("/admin/accounts/<uuid:account_id>/end-sessions")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 409)
@blueprint.response(200, schemas.EndedSessionsSchema)
def end_sessions(arguments: dict[str, Any], account_id: object) -> dict[str, Any]:
    """End the sessions and logins at services that an account opened or that act as it."""
    return {"ended": operator_support.end_sessions(operator_ports(arguments["reason"]), str(account_id))}


@blueprint.post("/admin/sessions/<uuid:session_id>/end")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(204)
def end_session(arguments: dict[str, Any], session_id: object) -> None:
    """End one session and its logins at services, even if the session has timed out and only they continue."""
    operator_support.end_session(operator_ports(arguments["reason"]), str(session_id))


@blueprint.post("/admin/grants/<uuid:grant_id>/end")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(204)
def end_grant(arguments: dict[str, Any], grant_id: object) -> None:
    """End one login at a service, which is notified if it registered for back-channel logout (OIDC-25)."""
    operator_support.end_grant(operator_ports(arguments["reason"]), str(grant_id))


@blueprint.post("/admin/bindings/<uuid:binding_id>/remove")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404)
@blueprint.response(204)
def remove_binding(arguments: dict[str, Any], binding_id: object) -> None:
    """End a binding and the sessions and logins at services that use it, and mail a notice (UNB-5)."""
    operator_support.remove_binding(operator_ports(arguments["reason"]), str(binding_id))


@blueprint.post("/admin/bindings/<uuid:binding_id>/resend-code")
@blueprint.arguments(ReasonInput, guard=require_operator)
@blueprint.errors(*_ERRORS, 404, 409)
@blueprint.response(202)
def resend_code(arguments: dict[str, Any], binding_id: object) -> dict[str, Any]:
    """Mail a new code for an unverified binding; the previous code becomes invalid."""
    operator_support.resend_code(operator_ports(arguments["reason"]), str(binding_id))
    return {}
