"""A service in Flask that logs people in with Authlib."""

from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for
from werkzeug.wrappers import Response


def create_app(identity_url: str, **config: str) -> Flask:
    """Return the service; `config` has IDENTITY_CLIENT_ID, IDENTITY_CLIENT_SECRET and Flask's SECRET_KEY."""
    app = Flask(__name__)
    app.config.update(config)
    oauth = OAuth(app)
    oauth.register(
        "identity",
        server_metadata_url=f"{identity_url}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile company", "code_challenge_method": "S256"},
        update_token=lambda token, **_: session.update(token={**session["token"], **token}),
    )

    @app.get("/")
    def home() -> Any:
        """Show what userinfo says now; Authlib refreshes a token that has expired."""
        if "token" not in session:
            return oauth.identity.authorize_redirect(url_for("callback", _external=True))
        return oauth.identity.userinfo(token=session["token"])

    @app.get("/callback")
    def callback() -> Response:
        """Redeem the code; Authlib checks the ID token."""
        token = oauth.identity.authorize_access_token()
        session["user"] = token.pop("userinfo")
        session["token"] = token
        return redirect(url_for("home"))

    @app.errorhandler(OAuthError)
    def log_in_again(_: OAuthError) -> Response:
        """Forget a login that identity has ended."""
        session.clear()
        return redirect(url_for("home"))

    return app
