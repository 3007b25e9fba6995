"""A person's own open sessions (LOGIN-7)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from flask import Blueprint, Response

from identity.domain.errors import NotFound
from identity.domain.session import Principal, Session
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One open session as its owner sees it."""

    id: str
    browser: str
    address: str
    created_at: datetime
    seen_at: datetime
    current: bool
    switched: bool

    @classmethod
    def of(cls, session: Session, principal: Principal) -> Self:
        """Return the view of a session; `principal` is who looks at it."""
        return cls(
            id=session.id,
            browser=browser_name(session.user_agent),
            address=session.address,
            created_at=session.created_at,
            seen_at=session.seen_at,
            current=session.id == principal.session_id,
            switched=session.binding_id is not None,
        )


@blueprint.get("/sessions")
def show() -> Response:
    """List the open sessions, this one first. Raises ForbiddenWhileSwitched (SW-4)."""
    principal = require_principal()
    views = [SessionView.of(session, principal) for session in sessions.own_sessions(ports(), principal)]
    return render_page("sessions.html", sessions=sorted(views, key=lambda view: not view.current))


@blueprint.post("/sessions/<uuid:session_id>/end")
def end(session_id: UUID) -> Response:
    """End one session; ending the current one logs out (LOGIN-6)."""
    principal = require_principal()
    sessions.require_not_switched(principal)
    if str(session_id) == principal.session_id:
        sessions.log_out(ports(), principal)
        return clear_session_cookie(redirect_to("portal.login.show"))
    try:
        sessions.end_session(ports(), principal, str(session_id))
        flash_message(texts.DEVICE_LOGGED_OUT)
    except NotFound:
        flash_message(texts.DEVICE_ALREADY_LOGGED_OUT, kind="notice")
    return redirect_to("portal.sessions.show")


@blueprint.post("/sessions/end-others")
def end_others() -> Response:
    """End all sessions but this one."""
    sessions.end_other_sessions(ports(), require_principal())
    flash_message(texts.OTHER_DEVICES_LOGGED_OUT)
    return redirect_to("portal.sessions.show")
