"""The portal's session cookie: the API's own session, kept by the browser where no script can read it (SEC-7)."""

from flask import Response, g

from identity.domain.errors import ForeignOrigin, NotSignedIn
from identity.domain.session import Standing
from identity.http import context
from identity.http.devices import remember_device
from identity.http.portal.pages import forget_form
from identity.usecases import login


def signed_in(response: Response, opened: login.Opened) -> Response:
    """Have the browser keep the new token until it is closed; forms made before are void."""
    forget_form()
    return remember_device(turned(response, opened), opened.device)


def turned(response: Response, opened: login.Opened) -> Response:
    """Have the browser keep the token of the same session that acts as somebody else now."""
    web = context.web()
    response.set_cookie(
        web.session_cookie, opened.token, secure=web.https, httponly=True, samesite="Lax", path="/"
    )
    return response


def signed_out(response: Response) -> Response:
    """Have the browser forget the session and its forms."""
    forget_form()
    web = context.web()
    response.delete_cookie(web.session_cookie, secure=web.https, httponly=True, samesite="Lax", path="/")
    return response


def visitor() -> Standing | None:
    """Return who asks, or None where nobody is logged in."""
    try:
        return context.standing()
    except (NotSignedIn, ForeignOrigin):
        g.pop("standing", None)
        return None
