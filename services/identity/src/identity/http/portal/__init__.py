"""The portal: pages for people, based on the same use cases as the API."""

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from identity.http.portal import (
    authorization_pages,
    bindings,
    client_consent,
    company_chooser,
    consents,
    email_cancellation,
    forgotten_usernames,
    home,
    login,
    password,
    password_reset,
    pending_account,
    profile,
    registration,
    rp_initiated_logout,
    sessions,
    switching,
    verification_link,
)
from identity.http.portal.layout import assets, csrf, current_authorization_request, pages, times
from identity.http.web_context import EXTENSION

_MODULES = (
    login,
    registration,
    verification_link,
    email_cancellation,
    pending_account,
    consents,
    bindings,
    home,
    switching,
    profile,
    password,
    password_reset,
    forgotten_usernames,
    sessions,
    authorization_pages,
    company_chooser,
    client_consent,
    rp_initiated_logout,
)


def init_app(app: Flask) -> CSRFProtect:
    """Register pages and assets. Return the CSRF protection, from which the caller exempts API and OAuth endpoints."""
    portal = Blueprint("portal", __name__, template_folder="templates")
    for module in _MODULES:
        portal.register_blueprint(module.blueprint)
    assets.init_app(app, portal)
    times.init_app(app)
    app.url_defaults(current_authorization_request.keep_next)
    app.register_blueprint(portal)
    app.jinja_env.undefined = StrictUndefined  # a misspelled name fails in every test that renders the page
    app.jinja_env.globals.update(pages.template_globals(app.extensions[EXTENSION]))
    app.context_processor(pages.template_values)
    return csrf.init_app(app)
