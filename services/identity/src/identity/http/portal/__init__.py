"""Pages for people, over the same use cases as the API."""

from flask import Blueprint, Flask
from flask_bootstrap import Bootstrap5
from flask_wtf.csrf import CSRFError, CSRFProtect

from identity.http.portal import (
    assets,
    bindings,
    consents,
    failures,
    home,
    login,
    mail_links,
    own_binding,
    pages,
    password,
    profile,
    recovery,
    registration,
    review,
    sessions,
    switching,
    times,
    verification,
)

_PAGES = (
    login,
    registration,
    mail_links,
    verification,
    review,
    consents,
    bindings,
    switching,
    home,
    profile,
    own_binding,
    password,
    recovery,
    sessions,
)


def init_app(app: Flask) -> CSRFProtect:
    """Register the pages; every form of theirs carries a CSRF token (SEC-8)."""
    csrf = CSRFProtect(app)
    Bootstrap5(app)
    portal = _portal()
    assets.init_app(app, portal)
    times.init_app(app)
    app.register_blueprint(portal)
    app.context_processor(pages.template_values)
    app.register_error_handler(CSRFError, failures.csrf_error_response)
    return csrf


def _portal() -> Blueprint:
    portal = Blueprint("portal", __name__, template_folder="templates")
    for module in _PAGES:
        portal.register_blueprint(module.blueprint)
    return portal
