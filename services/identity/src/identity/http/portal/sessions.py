"""The page of a person's own open sessions (LOGIN-7)."""

from uuid import UUID

from flask import Blueprint, Response

from identity.domain.errors import NotFound
from identity.http.portal.browser_names import browser_name
from identity.http.portal.layout.flash_messages import flash_message
from identity.http.portal.layout.pages import render_page
from identity.http.portal.layout.redirects import redirect_to
from identity.http.portal.layout.session_cookies import clear_session_cookie
from identity.http.session_auth import require_principal
from identity.http.web_context import ports
from identity.http.zh_tw import portal as texts
from identity.usecases import sessions

blueprint = Blueprint("sessions", __name__)


@blueprint.get("/sessions")
def show() -> Response:
    """List the open logins, the current login first. A switched session must not see them (SW-4)."""
    principal = require_principal()
    current_id = principal.session_id
    logins = sorted(sessions.own_logins(ports(), principal), key=lambda login: login.id != current_id)
    return render_page("sessions.html", logins=logins, current_id=current_id, browser_name=browser_name)


@blueprint.post("/sessions/<uuid:session_id>/end")
def end(session_id: UUID) -> Response:
    """End one session (LOGIN-7). Ending the current one logs out (LOGIN-6)."""
    principal = require_principal()
    principal.require_not_switched()
    if str(session_id) == principal.session_id:
        sessions.log_out(ports(), principal)
        return clear_session_cookie(redirect_to("portal.login.show", ended="logout"))
    try:
        sessions.end_session(ports(), principal, str(session_id))
        flash_message(texts.DEVICE_LOGGED_OUT)
    except NotFound:
        flash_message(texts.DEVICE_ALREADY_LOGGED_OUT, kind="notice")
    return redirect_to("portal.sessions.show")


@blueprint.post("/sessions/<uuid:session_id>/services/<uuid:grant_id>/end")
def end_service(session_id: UUID, grant_id: UUID) -> Response:
    """End the login at one service (OIDC-24)."""
    try:
        sessions.end_service(ports(), require_principal(), str(session_id), str(grant_id))
        flash_message(texts.SERVICE_LOGGED_OUT)
    except NotFound:
        flash_message(texts.SERVICE_ALREADY_LOGGED_OUT, kind="notice")
    return redirect_to("portal.sessions.show")


@blueprint.post("/sessions/end-others")
def end_others() -> Response:
    sessions.end_other_sessions(ports(), require_principal())
    flash_message(texts.OTHER_DEVICES_LOGGED_OUT)
    return redirect_to("portal.sessions.show")
