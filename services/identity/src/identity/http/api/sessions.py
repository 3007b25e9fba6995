"""Sessions and switching (LOGIN, SW)."""

from typing import TYPE_CHECKING, Any

from flask import after_this_request, g
from marshmallow import fields

from identity.domain.session import Principal
from identity.http.api.blueprint import Blueprint
from identity.http.api.fields import Input, SecretText, Text
from identity.http.api.schemas import MailStateSchema, ResponseSchema, Timestamp, Whole, format_time
from identity.http.api.service_schemas import OF_PORTAL, PORTAL, ServiceLoginSchema
from identity.http.client_info import client_info
from identity.http.device_cookies import remember_device
from identity.http.fast_path import Answer, Answerer
from identity.http.session_auth import bearer_token, current_principal, require_principal
from identity.http.web_context import ports
from identity.usecases import login, sessions, switching, verification
from identity.usecases.ports import Ports

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

blueprint = Blueprint("sessions", __name__, description="Sessions and switching")


class Credentials(Input):
    username = Text(required=True)
    password = SecretText(required=True)


class SwitchInput(Input):
    binding_id = Text(required=True)


class SessionCompanySchema(ResponseSchema):
    tax_id = fields.String()
    name = fields.String(attribute="company_name")


class SessionAccountSchema(ResponseSchema):
    """The account that a session acts as."""

    id = fields.String()
    kind = fields.String(metadata={"enum": ["general", "link"]})
    username = fields.String()
    name = fields.String()
    status = fields.String()
    company = Whole(SessionCompanySchema)


class ActorSchema(ResponseSchema):
    """The link account that switched the session."""

    username = fields.String()
    name = fields.String()


class SessionSchema(ResponseSchema):
    """A session. `token` is present when it is issued, `actor` while the session is switched.

    `GET /session` adds `verification_mail` while verification is the next step and a mail was requested.
    """

    inner = "principal"
    omissible = frozenset({"token", "actor", "verification_mail"})

    token = fields.String()
    expires_at = Timestamp()
    next = fields.String(
        attribute="next_step",
        allow_none=True,
        metadata={"enum": ["verify_email", "await_review", "consent", None]},
    )
    account = fields.Nested(SessionAccountSchema)
    rights = fields.List(fields.String())
    actor = fields.Nested(ActorSchema, attribute="switched_by")
    verification_mail = fields.Nested(MailStateSchema)


class OpenSessionSchema(ResponseSchema):
    inner = "login"
    omissible = OF_PORTAL

    id = fields.String()
    current = fields.Boolean()
    switched = fields.Boolean(attribute="is_switched")
    portal = fields.Boolean(attribute="is_portal_open", metadata=PORTAL)
    address = fields.String(attribute="session.address")
    user_agent = fields.String(attribute="session.user_agent")
    created_at = Timestamp(attribute="session.created_at")
    last_seen_at = Timestamp(attribute="session.seen_at")
    expires_at = Timestamp()
    services = fields.List(fields.Nested(ServiceLoginSchema))


class OpenSessionsSchema(ResponseSchema):
    items = fields.List(fields.Nested(OpenSessionSchema))


_SESSION = SessionSchema()


def answer_session(ports: Ports) -> Answerer:
    """Return the fast path's answerer for `GET /session` with a bearer token."""

    def answer(environ: "WSGIEnvironment") -> Answer | None:
        token = bearer_token(environ.get("HTTP_AUTHORIZATION", ""))
        if token is None:
            return None
        principal = sessions.identify(ports, token)
        if principal.switched or principal.next_step == "verify_email":
            return Answer.of_json(_SESSION.dump(_current(ports, principal)))
        return Answer.of_json(_document(principal))

    return answer


def _document(principal: Principal) -> dict[str, Any]:
    """Return what SessionSchema dumps for a session that is not switched and needs no verification, but faster."""
    account = principal.account
    return {
        "expires_at": format_time(principal.expires_at),
        "next": principal.next_step,
        "account": {
            "id": account.id,
            "kind": account.kind,
            "username": account.username,
            "name": account.name,
            "status": account.status,
            "company": {"tax_id": account.tax_id, "name": account.company_name},
        },
        "rights": principal.rights,
    }


def _current(ports: Ports, principal: Principal) -> dict[str, Any]:
    mail = verification.mail_state(ports, principal)
    return session_response(principal, **({"verification_mail": mail} if mail else {}))


def session_response(principal: Principal, **more: Any) -> dict[str, Any]:
    """Return the input of SessionSchema; `more` is a new `token` or the state of the `verification_mail`."""
    if principal.switched:
        more["switched_by"] = principal.actor
    return {"principal": principal, **more}


def _issued(issued: sessions.IssuedSession) -> dict[str, Any]:
    g.principal = issued.principal
    after_this_request(lambda response: remember_device(response, issued.device))
    return session_response(issued.principal, token=issued.token)


@blueprint.post("/sessions")
@blueprint.doc(security=[])  # its 401 concerns the credentials in the body
@blueprint.arguments(Credentials)
@blueprint.errors(401, 403, 422, 429, 503)
@blueprint.response(201, SessionSchema)
def log_in(credentials: dict[str, Any]) -> dict[str, Any]:
    """Log in: return a session with its token, and set a device cookie (LOGIN-1, SEC-3)."""
    username, password = credentials["username"], credentials["password"].reveal()
    return _issued(login.log_in(ports(), username, password=password, client=client_info()))


@blueprint.get("/session")
@blueprint.errors(401)
@blueprint.response(200, SessionSchema)
def show() -> dict[str, Any]:
    """Return the session: its account, its rights and the next step after login."""
    return _current(ports(), current_principal())


@blueprint.delete("/session")
@blueprint.errors(401)
@blueprint.response(204)
def log_out() -> None:
    """End the session and its logins at services (LOGIN-6)."""
    sessions.log_out(ports(), current_principal())


@blueprint.get("/sessions")
@blueprint.errors(401, 403)
@blueprint.response(200, OpenSessionsSchema)
def list_open() -> dict[str, Any]:
    """List the caller's open sessions, each with its logins at services (LOGIN-7, OIDC-24)."""
    principal = current_principal()
    found = sessions.own_logins(ports(), principal)
    return {"items": [{"login": login, "current": login.id == principal.session_id} for login in found]}


@blueprint.delete("/sessions")
@blueprint.errors(401, 403)
@blueprint.response(204)
def end_others() -> None:
    """End all of the caller's sessions and logins at services except those of the current session (LOGIN-7)."""
    sessions.end_other_sessions(ports(), current_principal())


@blueprint.delete("/sessions/<uuid:session_id>")
@blueprint.errors(401, 403, 404)
@blueprint.response(204)
def end_one(session_id: object) -> None:
    """End one of the caller's sessions and its logins at services (LOGIN-7)."""
    sessions.end_session(ports(), current_principal(), str(session_id))


@blueprint.delete("/sessions/<uuid:session_id>/grants/<uuid:grant_id>")
@blueprint.errors(401, 403, 404)
@blueprint.response(204)
def end_service(session_id: object, grant_id: object) -> None:
    """End the caller's login at one service, which is notified if it registered for back-channel logout (OIDC-24)."""
    sessions.end_service(ports(), current_principal(), str(session_id), str(grant_id))


@blueprint.post("/session/switch")
@blueprint.arguments(SwitchInput, guard=require_principal)
@blueprint.errors(401, 403, 404, 409, 422, 429)
@blueprint.response(200, SessionSchema)
def switch(arguments: dict[str, Any]) -> dict[str, Any]:
    """Switch the session to the general account of a verified binding, with a new token (SW-1)."""
    return _issued(switching.switch(ports(), require_principal(), arguments["binding_id"]))


@blueprint.delete("/session/switch")
@blueprint.errors(401, 409)
@blueprint.response(200, SessionSchema)
def switch_back() -> dict[str, Any]:
    """Switch the session back to the link account, with a new token (SW-3)."""
    return _issued(switching.switch_back(ports(), current_principal()))
