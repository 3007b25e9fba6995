"""The OAuth endpoints (OIDC)."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from identity.http.oauth import authorize, introspect, par, revoke, rp_initiated_logout, token, userinfo

_MODULES = (authorize, par, token, userinfo, introspect, revoke, rp_initiated_logout)


def init_app(app: Flask, csrf: CSRFProtect) -> None:
    """Register the endpoints. Requests come from services and their pages, which cannot have a CSRF token."""
    for module in _MODULES:
        app.register_blueprint(module.blueprint)
        csrf.exempt(module.blueprint)
