"""A small port service: people log in by OpenID Connect and act for a company until identity ends the login.

README.md explains how to run it, and the parts that your own service should copy.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Blueprint, Flask, current_app, redirect, render_template, request, session, url_for
from joserfc.errors import JoseError
from werkzeug.local import LocalProxy

from .logins import Logins
from .logout_token import read_logout_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response
    from flask.typing import ResponseReturnValue

TASKS = ("apply", "query", "print")
SCOPE = " ".join(["openid", "profile", "company", "actor", *(f"pass:{task}" for task in TASKS)])
identity: Any = LocalProxy(lambda: current_app.config["IDENTITY"])  # Authlib's client
logins: Any = LocalProxy(lambda: current_app.config["LOGINS"])
pages = Blueprint("pages", __name__)


def create_app(environ: Mapping[str, str] = os.environ) -> Flask:
    """Return the application; README.md lists the variables."""
    app, url, issuer = Flask(__name__), environ["PASS_URL"], environ["IDENTITY_URL"]
    is_https = url.startswith("https:")
    app.config.update(
        SECRET_KEY=Path(environ["PASS_COOKIE_KEY_FILE"]).read_text(),
        # Browsers send a cookie to every port of its host, so it needs a unique name.
        SESSION_COOKIE_NAME="__Host-pass-demo" if is_https else "pass-demo",
        SESSION_COOKIE_SECURE=is_https,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=64 * 1024,
        URL=url,
        IDENTITY_URL=issuer,
        LOGINS=Logins(environ["PASS_DATABASE"]),
        HEADERS={"Refresh": environ["PASS_REFRESH_SECONDS"]} if environ.get("PASS_REFRESH_SECONDS") else {},
        CONTENT_SECURITY_POLICY="default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {issuer}",
    )
    app.config["IDENTITY"] = OAuth(app).register(
        "identity",
        client_id=environ["PASS_CLIENT_ID"],
        client_secret=Path(environ["PASS_CLIENT_SECRET_FILE"]).read_text().strip(),
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "default_timeout": 5},
    )
    app.register_blueprint(pages)
    return app


@pages.get("/")
@pages.get(f"/<any({','.join(TASKS)}):task>")
def show(task: str | None = None) -> ResponseReturnValue:
    """Show the person, the company and the rights. A task requires its right."""
    if "login" not in session:
        name = "logged_out" if session.pop("logged_out", False) else "welcome"
        return redirect(url_for(".log_in", to=task)) if task else _message(name)
    person = logins.find(session["login"])
    if person is None:
        return _message("ended")
    if task and f"pass:{task}" not in person["rights"]:
        return _message("forbidden", 403)
    values = {"person": person, "task": task, "former_company": session.pop("former_company", None)}
    return render_template("person.html", **values), current_app.config["HEADERS"]


@pages.get("/login")
def log_in() -> Any:
    """Redirect to identity. `to` is the task to show afterwards; `switch` asks for the company again."""
    session["task"] = next((task for task in TASKS if task == request.args.get("to")), None)
    prompt = {"prompt": "select_account"} if "switch" in request.args else {}
    return identity.authorize_redirect(current_app.config["URL"] + "/callback", **prompt)


@pages.get("/callback")
def callback() -> ResponseReturnValue:
    """Process identity's answer. Authlib checks state, nonce and the ID token, and sends the verifier of PKCE."""
    try:
        token = identity.authorize_access_token()
    except (OAuthError, JoseError) as error:
        return _message("cancelled") if error.error == "access_denied" else _message("refused", 400)
    person = _introspect(token["access_token"])
    if person["active"]:
        person["name"] = identity.userinfo(token=token)["name"]
    former = logins.find(session.get("login"))
    logins.drop(session.pop("login", None))
    session["former_company"] = _former_company(former, person) if former and person["active"] else None
    session["login"] = logins.add({**person, "id_token": token["id_token"]}) if person["active"] else None
    return redirect(url_for(".show", task=session.pop("task", None)))


@pages.post("/logout")
def log_out() -> Any:
    """Log out here, then at identity, which redirects back. SameSite=Lax prevents such requests from other sites."""
    person = logins.drop(session.pop("login", None))
    if person is None:
        return redirect(url_for(".show"))
    session["logged_out"] = True
    return identity.logout_redirect(current_app.config["URL"] + "/", person["id_token"])


@pages.post("/backchannel-logout")
def backchannel_logout() -> ResponseReturnValue:
    """Process the notification that a login has ended. Identity does not repeat it after a 200 or 400."""
    try:
        logins.end(read_logout_token(request.form.get("logout_token", ""), identity))
    except JoseError:
        return {"error": "invalid_request"}, 400
    return ""


@pages.app_errorhandler(requests.RequestException)
def unavailable(_error: requests.RequestException) -> ResponseReturnValue:
    """Return an error page if identity does not answer, or answers with an error."""
    return _message("unavailable", 503)


@pages.after_app_request
def protect(response: Response) -> Response:
    """Forbid scripts, content of other sites, frames and caches."""
    response.headers["Content-Security-Policy"] = current_app.config["CONTENT_SECURITY_POLICY"]
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _introspect(access_token: str) -> Any:
    """Return the person, the company and the rights of a token; only introspection returns the rights."""
    answer = identity.post(
        identity.load_server_metadata()["introspection_endpoint"],
        data={"token": access_token},
        auth=(identity.client_id, identity.client_secret),
        withhold_token=True,
    )
    answer.raise_for_status()
    return answer.json()


def _former_company(former: Any, person: Any) -> str | None:
    """Return the name of the former login's company if the same person has changed the company, else None."""
    is_same = (former.get("act") or former)["sub"] == (person.get("act") or person)["sub"]
    return former["company"]["name"] if is_same and former["company"] != person["company"] else None


def _message(name: str, status: int = 200) -> ResponseReturnValue:
    return render_template("message.html", name=name), status
