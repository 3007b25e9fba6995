"""The portal's session cookie: the API's own session, kept by the browser where no script can read it (SEC-7)."""

from flask import Response

from identity.http.context import web_context
from identity.http.device_cookies import remember_device
from identity.http.portal.pages import clear_form_session
from identity.usecases import sessions


def set_login_cookies(response: Response, opened: sessions.IssuedSession) -> Response:
    """Have the browser keep the new token until it is closed; forms made before are void."""
    clear_form_session()
    return remember_device(set_session_cookie(response, opened), opened.device)


def set_session_cookie(response: Response, opened: sessions.IssuedSession) -> Response:
    """Have the browser keep the token of the same session that acts as somebody else now."""
    web = web_context()
    response.set_cookie(
        web.session_cookie, opened.token, secure=web.https, httponly=True, samesite="Lax", path="/"
    )
    return response


def clear_session_cookie(response: Response) -> Response:
    """Have the browser forget the session and its forms."""
    clear_form_session()
    web = web_context()
    response.delete_cookie(web.session_cookie, secure=web.https, httponly=True, samesite="Lax", path="/")
    return response
