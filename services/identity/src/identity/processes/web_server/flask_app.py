"""The Flask application. It opens no connection before the first request."""

from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from port_runtime.agency_contact import Contact
from port_runtime.metrics import Instruments
from port_runtime.settings import ErrorCollector
from sqlalchemy import Engine
from sqlalchemy.engine import URL, make_url

from identity.adapters.key_derivation import derive
from identity.adapters.sql.engine import autocommit_options, configure_engine, engine_options
from identity.adapters.sql.pool_metrics import observe_pool
from identity.adapters.sql.schema import metadata
from identity.bootstrap.readiness import readiness_checks
from identity.bootstrap.web import build_ports
from identity.http import errors, health, oauth, portal, request_hooks, request_tracing
from identity.http.api import openapi
from identity.http.api.sessions import answer_session
from identity.http.client_address import TrustedProxies
from identity.http.cookie_names import cookie_name
from identity.http.fast_path import FastPath
from identity.http.oauth.discovery import discovery_blueprint, public_documents
from identity.http.oauth.introspect import answer_introspection
from identity.http.request_metrics import RequestMetrics
from identity.http.security_headers import security_headers
from identity.http.session_auth import caller
from identity.http.web_context import EXTENSION, Links, WebContext
from identity.metrics.web import WEB
from identity.processes.web_server.incoming_request import MAX_BODY_BYTES
from identity.settings.web import WebSettings
from identity.usecases.ports.clock import Clock
from identity.usecases.ports.randomness import Randomness

db = SQLAlchemy(metadata=metadata, session_options={"expire_on_commit": False, "autoflush": False})

_AUTOCOMMIT = "autocommit"
_POOLS = {None: "transactions", _AUTOCOMMIT: "statements"}


def create_app(
    settings: WebSettings,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    instruments: Instruments | None = None,
) -> Flask:
    """Return the web application. Raises SettingsError."""
    instruments = instruments or Instruments(WEB)
    app = Flask("identity", static_folder=None, static_url_path="/static")
    app.json.sort_keys = False  # type: ignore[attr-defined]  # an attribute of the default provider
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # an attribute of the default provider
    app.config.update(_flask_settings(settings))
    db.init_app(app)
    with app.app_context(), ErrorCollector() as collector:
        engine = db.engine
        with collector.step():
            for each in db.engines.values():
                configure_engine(each)
            for pool, each in engines_by_pool().items():
                observe_pool(each, instruments, pool=pool)
        with collector.step():
            ports = build_ports(
                settings,
                signs=True,
                sessions=db.session,
                autocommit=db.engines.get(_AUTOCOMMIT)
                or engine.execution_options(isolation_level="AUTOCOMMIT"),
                caller=caller,
                instruments=instruments,
                clock=clock,
                randomness=randomness,
            )
    app.extensions[EXTENSION] = WebContext(
        ports=ports,
        proxies=TrustedProxies(settings.trusted_proxies, settings.forwarding_header, instruments),
        https=settings.https,
        links=_links(settings),
        contact=_contact(settings),
        review_days=settings.review_days,
    )
    meter = RequestMetrics(instruments)
    request_hooks.init_app(app, meter, https=settings.https, hosts=settings.known_hosts)
    errors.init_app(app)
    app.register_blueprint(health.blueprint(readiness_checks(engine)))
    csrf = portal.init_app(app)
    openapi.init_app(app, csrf)
    oauth.init_app(app, csrf)
    documents = public_documents(ports.rules.public_url, ports.signer.public_keys())
    app.register_blueprint(discovery_blueprint(documents))
    fast_path = FastPath(
        app.wsgi_app,
        {
            ("GET", f"{openapi.PREFIX}/session"): answer_session(ports),
            ("POST", "/oauth/introspect"): answer_introspection(ports),
            **{("GET", path): document.answer for path, document in documents.items()},
        },
        meter=meter,
        headers=security_headers(https=settings.https),
        hosts=settings.known_hosts,
    )
    app.wsgi_app = request_tracing.TracingMiddleware(fast_path)  # type: ignore[method-assign]  # Flask's way
    return app


def engines_by_pool() -> dict[str, Engine]:
    """Return the engines of the current application by the labels of their pools in the metrics."""
    return {_POOLS[name]: engine for name, engine in db.engines.items()}


def _flask_settings(settings: WebSettings) -> dict[str, object]:
    url = settings.database_url.reveal()
    keys = [derive(key, "pages").hex() for key in settings.secret_keys]
    pool_size = (settings.database_pool + 1) // 2  # of each engine
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(
            make_url(url), pool_size=pool_size, pooler=settings.has_pooler
        ),
        "SQLALCHEMY_BINDS": _binds(make_url(url), pool_size=pool_size, pooler=settings.has_pooler),
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "MAX_FORM_MEMORY_SIZE": MAX_BODY_BYTES,
        "SECRET_KEY": keys[0],
        "SECRET_KEY_FALLBACKS": keys[1:],
        "SESSION_COOKIE_NAME": cookie_name("form", https=settings.https),
        "SESSION_COOKIE_SECURE": settings.https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # it needs the Referer header, which pages with a token suppress
    }


def _binds(url: URL, *, pool_size: int, pooler: bool) -> dict[str, dict[str, Any]]:
    if url.get_backend_name() == "sqlite":
        return {}
    return {_AUTOCOMMIT: {"url": url, **autocommit_options(url, pool_size=pool_size, pooler=pooler)}}


def _links(settings: WebSettings) -> Links:
    return Links(
        information=settings.information_url,
        manual=settings.manual_url,
        questions=settings.questions_url,
        apply=settings.apply_url,
        query=settings.query_url,
        print=settings.print_url,
    )


def _contact(settings: WebSettings) -> Contact:
    return Contact(
        name=settings.contact_name,
        phone=settings.contact_phone,
        mailbox=settings.contact_mailbox,
        hours=settings.contact_hours,
        privacy_url=settings.privacy_url,
        accessibility_url=settings.accessibility_url,
    )
