"""A service in Flask that logs people in with Authlib."""

from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session, url_for
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from tests.clients.token_checks import fetch_keys, read_logout_token


def create_app(identity_url: str, **config: str) -> Flask:
    """Return the service; `config` contains IDENTITY_CLIENT_ID, IDENTITY_CLIENT_SECRET and Flask's SECRET_KEY."""
    app = Flask(__name__)
    app.config.update(config)
    ended: set[str] = set()

    # <example login>
    oauth = OAuth(app)  # reads IDENTITY_CLIENT_ID and IDENTITY_CLIENT_SECRET from app.config
    oauth.register(
        "identity",
        server_metadata_url=f"{identity_url}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile company", "code_challenge_method": "S256"},
        update_token=lambda token, **_: session.update(token={**session["token"], **token}),
    )

    @app.get("/login")
    def login() -> Any:
        return oauth.identity.authorize_redirect(url_for("callback", _external=True))

    @app.get("/callback")
    def callback() -> Response:
        token = oauth.identity.authorize_access_token()  # also validates the response and the ID token
        session["user"] = token.pop("userinfo")
        session["token"] = token
        return redirect(url_for("home"))

    # </example>

    @app.get("/")
    def home() -> Any:
        """Show the claims of the ID token. A login that identity has ended needs a new login."""
        if "user" in session and session["user"]["sid"] in ended:
            session.clear()
        return session.get("user") or redirect(url_for("login"))

    @app.get("/userinfo")
    def userinfo() -> Any:
        """Show the current answer of userinfo; Authlib refreshes an expired access token first."""
        return oauth.identity.userinfo(token=session["token"])

    # <example logout>
    @app.post("/backchannel-logout")
    def backchannel_logout() -> tuple[str, int]:
        keys, client_id = fetch_keys(identity_url), app.config["IDENTITY_CLIENT_ID"]
        try:
            sid = read_logout_token(
                request.form["logout_token"], keys, identity_url=identity_url, client_id=client_id
            )
        except JoseError:
            return "", 400
        ended.add(sid)  # ends each session with this `sid`; with several processes, use a table
        return "", 200

    # </example>

    @app.errorhandler(OAuthError)
    def log_in_again(_: OAuthError) -> Response:
        """Log in again, for example if identity refuses a refresh because the login has ended."""
        session.clear()
        return redirect(url_for("home"))

    return app
