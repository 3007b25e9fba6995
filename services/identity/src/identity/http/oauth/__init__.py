"""The OAuth endpoints (OIDC)."""

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from identity.http.oauth import authorize, introspect, logout, par, revoke, token, userinfo

_MODULES = (authorize, par, token, userinfo, introspect, revoke, logout)


def init_app(app: Flask, csrf: CSRFProtect) -> None:
    """Register the endpoints. Services send the forms, so the endpoints require no CSRF token (OIDC-28)."""
    for module in _MODULES:
        app.register_blueprint(module.blueprint)
        csrf.exempt(module.blueprint)
