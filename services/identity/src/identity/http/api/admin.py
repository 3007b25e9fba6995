"""What operators look up and do through a service that names them (OPS-1, OPS-2)."""

from collections.abc import Callable
from typing import Any

from identity.domain import person
from identity.domain.account import Account
from identity.domain.audit import parse_reason
from identity.domain.errors import FieldError, InvalidInput, InvalidValue
from identity.http.api import admin_answers as answers
from identity.http.api import admin_response_schemas as shapes
from identity.http.api.admin_queries import AccountQuery, AuditQuery, PageQuery
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors, query
from identity.http.api.fields import Input, Text
from identity.http.operator_auth import HEADER, operator_ports, require_operator
from identity.http.problems import field_error_sentence
from identity.usecases import account_queries, administration, lifecycle
from identity.usecases.ports import Ports
from identity.usecases.ports.accounts import AccountFilter
from identity.usecases.ports.audit import AuditFilter

blueprint = ApiBlueprint(
    "admin", __name__, description="Operators, by a service with the right accounts:admin"
)

_REFUSED = (400, 401, 403, 429)
_OPERATOR = {
    "in": "header",
    "name": HEADER,
    "required": True,
    "description": "who acts",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64},
}


def _by_operator(asked: type[Input] | None = None) -> Callable[[Any], Any]:
    """Document who may call and by which words; it is the last that tells, so it stands outermost."""
    more = [{"in": "query", "schema": asked}] if asked else []
    documented: Callable[[Any], Any] = blueprint.doc(
        parameters=[_OPERATOR, *more], security=[{"service": []}, {"bearer": []}]
    )
    return documented


class ReasonInput(Input):
    """Why: kept in the audit log; of a rejection it is what the applicant reads."""

    reason = Text(parse_reason, required=True)


class MailboxInput(ReasonInput):
    """A new mailbox, for someone who lost theirs."""

    email = Text(person.parse_email, required=True)


@blueprint.get("/admin/accounts")
@_by_operator(AccountQuery)
@query(blueprint, AccountQuery, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 422)
@blueprint.response(200, shapes.FoundAccounts)
def find(asked: dict[str, Any]) -> dict[str, Any]:
    """Find accounts, oldest first."""
    found = account_queries.find(operator_ports(), AccountFilter(**asked))
    more = len(found) == asked["limit"]
    return {"items": [answers.present_found(each) for each in found], "next": found[-1].id if more else None}


@blueprint.get("/admin/accounts/<uuid:account_id>")
@_by_operator()
@documents_errors(blueprint, *_REFUSED, 404)
@blueprint.response(200, shapes.AdminAccount)
def show(account_id: object) -> dict[str, Any]:
    """Tell an account's state."""
    return answers.present_view(account_queries.show(operator_ports(), str(account_id)))


@blueprint.get("/admin/accounts/<uuid:account_id>/bindings")
@_by_operator()
@documents_errors(blueprint, *_REFUSED, 404)
@blueprint.response(200, shapes.AdminBindings)
def list_bindings(account_id: object) -> dict[str, Any]:
    """List an account's bindings, live and ended."""
    found = account_queries.bindings_of(operator_ports(), str(account_id))
    return {"items": [answers.present_tie(each) for each in found]}


@blueprint.get("/admin/accounts/<uuid:account_id>/sessions")
@_by_operator()
@documents_errors(blueprint, *_REFUSED, 404)
@blueprint.response(200, shapes.AdminSessions)
def list_sessions(account_id: object) -> dict[str, Any]:
    """List the sessions that an account holds, and those that act as it."""
    ports = operator_ports()
    found = account_queries.sessions_of(ports, str(account_id))
    return {"items": [answers.present_held_session(each, ports.rules.sessions) for each in found]}


@blueprint.get("/admin/accounts/<uuid:account_id>/history")
@_by_operator(PageQuery)
@query(blueprint, PageQuery, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 404, 422)
@blueprint.response(200, shapes.AuditRows)
def history(asked: dict[str, Any], account_id: object) -> dict[str, Any]:
    """Tell what happened to an account, newest first."""
    return _rows(AuditFilter(account=str(account_id), **asked))


@blueprint.get("/admin/audit")
@_by_operator(AuditQuery)
@query(blueprint, AuditQuery, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 404, 422)
@blueprint.response(200, shapes.AuditRows)
def audit(asked: dict[str, Any]) -> dict[str, Any]:
    """List who did what, newest first."""
    return _rows(AuditFilter(**asked))


def _rows(asked: AuditFilter) -> dict[str, Any]:
    found = account_queries.history(operator_ports(), asked)
    more = len(found) == asked.limit
    return {
        "items": [answers.present_happened(each) for each in found],
        "next": found[-1].id if more else None,
    }


def _act(path: str, act: Callable[[Ports, str], Account], does: str) -> None:
    """Register a call that does one thing to an account and answers with its new state."""

    def view(given: dict[str, Any], account_id: object) -> dict[str, Any]:
        ports = operator_ports(given["reason"])
        return answers.present_view(account_queries.show(ports, act(ports, str(account_id)).id))

    view.__name__, view.__doc__ = path.replace("-", "_"), does
    documented = blueprint.response(200, shapes.AdminAccount)(view)
    documented = documents_errors(blueprint, *_REFUSED, 404, 409)(documented)
    documented = body(blueprint, ReasonInput, guard=require_operator)(documented)
    blueprint.post(f"/admin/accounts/<uuid:account_id>/{path}")(_by_operator()(documented))


def _reject(ports: Ports, account_id: str) -> Account:
    return lifecycle.reject(ports, account_id, reason=ports.caller().reason or "")


_act("approve", lifecycle.approve, "Approve an account that awaits review; the applicant is told.")
_act("reject", _reject, "Reject and close an account that awaits review; the applicant is told the reason.")
_act("suspend", lifecycle.suspend, "Suspend an account: its sessions end at once (OPS-2).")
_act("reinstate", lifecycle.reinstate, "Lift a suspension.")
_act("close", lifecycle.close, "Close an account for good; its name and mailbox are free again.")
_act("unlock", administration.unlock, "Lift the lock that failed logins left.")
_act("resend-mail", administration.resend_mail, "Mail again the link that the account waits for.")


@blueprint.put("/admin/accounts/<uuid:account_id>/mailbox")
@_by_operator()
@body(blueprint, MailboxInput, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 404, 409, 422)
@blueprint.response(202, shapes.AdminAccount)
def set_mailbox(given: dict[str, Any], account_id: object) -> dict[str, Any]:
    """Set a new mailbox for someone who lost theirs; the link mailed there proves it."""
    ports = operator_ports(given["reason"])
    try:
        administration.set_mailbox(ports, str(account_id), email=given["email"])
    except InvalidValue as fault:
        raise InvalidInput([FieldError("/email", fault.code, field_error_sentence(fault))]) from None
    return answers.present_view(account_queries.show(ports, str(account_id)))


@blueprint.post("/admin/accounts/<uuid:account_id>/end-sessions")
@_by_operator()
@body(blueprint, ReasonInput, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 404, 409)
@blueprint.response(200, shapes.EndedSessions)
def end_sessions(given: dict[str, Any], account_id: object) -> dict[str, Any]:
    """End the sessions that an account holds, and those that act as it."""
    return {"ended": administration.end_sessions(operator_ports(given["reason"]), str(account_id))}


@blueprint.post("/admin/sessions/<uuid:session_id>/end")
@_by_operator()
@body(blueprint, ReasonInput, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 404)
@blueprint.response(204)
def end_session(given: dict[str, Any], session_id: object) -> None:
    """End one session."""
    administration.end_session(operator_ports(given["reason"]), str(session_id))


@blueprint.post("/admin/bindings/<uuid:binding_id>/remove")
@_by_operator()
@body(blueprint, ReasonInput, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 404)
@blueprint.response(204)
def remove_binding(given: dict[str, Any], binding_id: object) -> None:
    """End a binding; sessions acting by it end at once. The general side gets a mail, the link side sees it listed."""
    administration.remove_binding(operator_ports(given["reason"]), str(binding_id))


@blueprint.post("/admin/bindings/<uuid:binding_id>/resend-code")
@_by_operator()
@body(blueprint, ReasonInput, guard=require_operator)
@documents_errors(blueprint, *_REFUSED, 404, 409)
@blueprint.response(202)
def resend_code(given: dict[str, Any], binding_id: object) -> dict[str, Any]:
    """Mail a new code for a binding not yet verified; the older one is void."""
    administration.resend_code(operator_ports(given["reason"]), str(binding_id))
    return {}
