"""登入中的裝置: one's own open sessions (LOGIN-7)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response

from identity.domain.errors import NotFound
from identity.domain.session import Principal, Session
from identity.http.auth import require_principal
from identity.http.context import ports
from identity.http.portal import cookies
from identity.http.portal.browsers import browser_name
from identity.http.portal.pages import flash_message, redirect_to, render_page
from identity.usecases import sessions

blueprint = Blueprint("sessions", __name__)

_ENDED = "已結束該裝置的登入"
_ENDED_BEFORE = "該裝置的登入已經結束"
_ENDED_OTHERS = "其他裝置的登入皆已結束"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """One open session as its owner reads of it."""

    id: str
    browser: str
    address: str
    began_at: datetime
    seen_at: datetime
    current: bool
    switched: bool

    @classmethod
    def of(cls, session: Session, who: Principal) -> "SessionView":
        """Return the line of a session, as `who` sees it."""
        return cls(
            id=session.id,
            browser=browser_name(session.user_agent),
            address=session.address,
            began_at=session.created_at,
            seen_at=session.seen_at,
            current=session.id == who.session_id,
            switched=session.binding_id is not None,
        )


@blueprint.get("/sessions")
def show() -> Response:
    """List the open sessions, this one first. Raises ForbiddenWhileSwitched (SW-4)."""
    who = require_principal()
    lines = [SessionView.of(session, who) for session in sessions.own_sessions(ports(), who)]
    return render_page("sessions.html", lines=sorted(lines, key=lambda line: not line.current))


@blueprint.post("/sessions/<uuid:session_id>/end")
def end(session_id: UUID) -> Response:
    """End one; the own one is a logout (LOGIN-6)."""
    who = require_principal()
    sessions.require_not_switched(who)
    if str(session_id) == who.session_id:
        sessions.log_out(ports(), who)
        return cookies.clear_session_cookie(redirect_to("portal.login.show"))
    try:
        sessions.end_session(ports(), who, str(session_id))
        flash_message(_ENDED)
    except NotFound:
        flash_message(_ENDED_BEFORE, kind="notice")
    return redirect_to("portal.sessions.show")


@blueprint.post("/sessions/end-others")
def end_others() -> Response:
    """End all but this one."""
    sessions.end_other_sessions(ports(), require_principal())
    flash_message(_ENDED_OTHERS)
    return redirect_to("portal.sessions.show")
