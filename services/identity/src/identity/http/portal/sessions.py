"""登入中的裝置: one's own open sessions (LOGIN-7)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import Blueprint, Response

from identity.domain.errors import NotFound
from identity.domain.session import Session, Standing
from identity.http.context import full_standing, ports
from identity.http.portal import cookies
from identity.http.portal.browsers import browser_of
from identity.http.portal.pages import go_to, page, tell
from identity.usecases import login

blueprint = Blueprint("sessions", __name__)

_ENDED = "已結束該裝置的登入"
_ENDED_BEFORE = "該裝置的登入已經結束"
_ENDED_OTHERS = "其他裝置的登入皆已結束"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One open session as its owner reads of it."""

    id: str
    browser: str
    address: str
    began_at: datetime
    seen_at: datetime
    current: bool
    switched: bool

    @classmethod
    def of(cls, session: Session, who: Standing) -> "Line":
        """Return the line of a session, as `who` sees it."""
        return cls(
            id=session.id,
            browser=browser_of(session.user_agent),
            address=session.address,
            began_at=session.created_at,
            seen_at=session.seen_at,
            current=session.id == who.session_id,
            switched=session.binding_id is not None,
        )


@blueprint.get("/sessions")
def show() -> Response:
    """List the open sessions, this one first. Raises WhileSwitched (SW-4)."""
    who = full_standing()
    lines = [Line.of(session, who) for session in login.own_sessions(ports(), who)]
    return page("sessions.html", lines=sorted(lines, key=lambda line: not line.current))


@blueprint.post("/sessions/<uuid:session_id>/end")
def end(session_id: UUID) -> Response:
    """End one; the own one is a logout (LOGIN-6)."""
    who = full_standing()
    login.refuse_switched(who)
    if str(session_id) == who.session_id:
        login.log_out(ports(), who)
        return cookies.signed_out(go_to("portal.login.show"))
    try:
        login.end_session(ports(), who, str(session_id))
        tell(_ENDED)
    except NotFound:
        tell(_ENDED_BEFORE, kind="notice")
    return go_to("portal.sessions.show")


@blueprint.post("/sessions/end-others")
def end_others() -> Response:
    """End all but this one."""
    login.end_other_sessions(ports(), full_standing())
    tell(_ENDED_OTHERS)
    return go_to("portal.sessions.show")
