"""The session cookie. It contains a token that the API accepts too, and is hidden from scripts (SEC-7)."""

from flask import Response

from identity.http.cookie_names import session_cookie
from identity.http.device_cookies import remember_device
from identity.http.portal.layout.ended_logins import remember_login
from identity.http.portal.layout.pages import clear_form_session
from identity.http.web_context import web_context
from identity.usecases.sessions import IssuedSession


def set_login_cookies(response: Response, issued: IssuedSession) -> Response:
    """Set the session and device cookies of a new login, and remember the login for a later notice.

    Previously rendered forms become invalid.
    """
    clear_form_session()
    remember_login(issued.principal.actor.id)
    return remember_device(set_session_cookie(response, issued), issued.device)


def set_session_cookie(response: Response, issued: IssuedSession) -> Response:
    """Set the session cookie, which lasts until the browser is closed."""
    https = web_context().https
    response.set_cookie(session_cookie(), issued.token, secure=https, httponly=True, samesite="Lax", path="/")
    return response


def clear_session_cookie(response: Response) -> Response:
    """Delete the session cookie; previously rendered forms become invalid."""
    clear_form_session()
    https = web_context().https
    response.delete_cookie(session_cookie(), secure=https, httponly=True, samesite="Lax", path="/")
    return response
