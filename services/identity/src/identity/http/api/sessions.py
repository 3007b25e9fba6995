"""Logging in, being known, switching (LOGIN, SW)."""

from typing import Any

from flask import Response, g, jsonify

from identity.http.api.answers import present_open_session, present_session
from identity.http.api.blueprints import ApiBlueprint
from identity.http.api.decorators import body, documents_errors
from identity.http.api.fields import Input, SecretText, Text
from identity.http.api.response_schemas import OpenSessions, SessionShown
from identity.http.context import client_info, current_principal, ports, require_principal
from identity.http.device_cookies import remember_device
from identity.usecases import login, sessions, switching, verification

blueprint = ApiBlueprint("sessions", __name__, description="Sessions and switching")


class Credentials(Input):
    """Account and password."""

    username = Text(required=True)
    password = SecretText(required=True)


class SwitchInput(Input):
    """The binding to go on by."""

    binding_id = Text(required=True)


def _shown(opened: sessions.IssuedSession, *, status: int) -> Response:
    """Answer with the session as it now is, its new token in it."""
    g.standing = opened.principal
    response = jsonify(present_session(g.standing, token=opened.token))
    response.status_code = status
    return remember_device(response, opened.device)


@blueprint.post("/sessions")
@body(blueprint, Credentials)
@documents_errors(blueprint, 401, 403, 422, 429, 503)
@blueprint.alt_response(201, schema=SessionShown)
def log_in(given: dict[str, Any]) -> Response:
    """Log in (LOGIN-1)."""
    opened = login.log_in(
        ports(), given["username"], password=given["password"].reveal(), client=client_info()
    )
    return _shown(opened, status=201)


@blueprint.get("/session")
@documents_errors(blueprint, 401)
@blueprint.alt_response(200, schema=SessionShown)
def show() -> Response:
    """Tell whom the token stands for at this moment."""
    who = current_principal()
    return jsonify(present_session(who, mail=verification.mail_state(ports(), who)))


@blueprint.delete("/session")
@documents_errors(blueprint, 401)
@blueprint.response(204)
def log_out() -> None:
    """End the session at once (LOGIN-6)."""
    sessions.log_out(ports(), current_principal())


@blueprint.get("/sessions")
@documents_errors(blueprint, 401, 403)
@blueprint.response(200, OpenSessions)
def list_open() -> dict[str, Any]:
    """List one's own open sessions (LOGIN-7)."""
    who = current_principal()
    lifetimes = ports().rules.sessions
    return {
        "items": [
            present_open_session(session, current_id=who.session_id, ends_at=session.ends_at(lifetimes))
            for session in sessions.own_sessions(ports(), who)
        ]
    }


@blueprint.delete("/sessions")
@documents_errors(blueprint, 401, 403)
@blueprint.response(204)
def end_others() -> None:
    """End all of one's sessions but this (LOGIN-7)."""
    sessions.end_other_sessions(ports(), current_principal())


@blueprint.delete("/sessions/<uuid:session_id>")
@documents_errors(blueprint, 401, 403, 404)
@blueprint.response(204)
def end_one(session_id: object) -> None:
    """End one of one's own sessions (LOGIN-7)."""
    sessions.end_session(ports(), current_principal(), str(session_id))


@blueprint.post("/session/switch")
@body(blueprint, SwitchInput, guard=require_principal)
@documents_errors(blueprint, 401, 403, 404, 409, 422)
@blueprint.alt_response(200, schema=SessionShown)
def switch(given: dict[str, Any]) -> Response:
    """Go on as the general account of a verified binding, with a new token (SW-1)."""
    return _shown(switching.switch(ports(), require_principal(), given["binding_id"]), status=200)


@blueprint.delete("/session/switch")
@documents_errors(blueprint, 401, 409)
@blueprint.alt_response(200, schema=SessionShown)
def switch_back() -> Response:
    """Go back to the link account, with a new token (SW-3)."""
    return _shown(switching.switch_back(ports(), current_principal()), status=200)
