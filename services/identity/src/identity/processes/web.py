"""All wiring of the web application; nothing is connected to before the first request."""

from datetime import timedelta

from flask import Flask, Response
from port_events.sealing import Sealer
from port_runtime.health import Check
from port_runtime.metrics import Instruments
from port_runtime.parsers import PRODUCTION
from port_runtime.settings import ErrorCollector, SettingsError
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from identity.adapters.argon2 import Argon2Passwords, Cost
from identity.adapters.clock import SystemClock, SystemRandomness
from identity.adapters.consent_texts import SAMPLES, ConsentTextError, read_texts
from identity.adapters.sql.audit_log import StandaloneAudit
from identity.adapters.sql.counters import StandaloneCounters
from identity.adapters.sql.engine import (
    autocommit_engine,
    binds,
    configure_engine,
    database_probe,
    db,
    engine_options,
)
from identity.adapters.sql.feed import SqlFeed
from identity.adapters.sql.queries import SqlQueries
from identity.adapters.sql.unit_of_work import SqlUnitOfWork
from identity.adapters.tokens import SignedTokens, derive
from identity.domain import rate_limits
from identity.domain.consent import Texts
from identity.domain.errors import Unavailable
from identity.domain.password import PasswordPolicy
from identity.domain.session import Lifetimes
from identity.http import api, api_reference, errors, health, portal, request_hooks, traces
from identity.http.context import EXTENSION, Links, WebContext, caller
from identity.http.routes import Route
from identity.metrics import WEB, HashMeter, LoginMeter, RequestMeter
from identity.settings import WebSettings
from identity.usecases.ports import Clock, Ports, Randomness, Rules

MAX_BODY_BYTES = 64 * 1024
_RETRY_AFTER_SECONDS = 5


def create_app(
    settings: WebSettings,
    *,
    clock: Clock | None = None,
    randomness: Randomness | None = None,
    meters: Instruments | None = None,
) -> Flask:
    """Return the web application. Raises SettingsError where texts or keys are not usable."""
    meters = meters or Instruments(WEB)
    app = Flask("identity", static_folder=None, static_url_path="/static")
    app.url_rule_class = Route
    app.json.sort_keys = False  # type: ignore[attr-defined]  # of the default provider
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the same
    app.config.update(_flask_settings(settings))
    db.init_app(app)
    with app.app_context(), ErrorCollector() as collector:
        engine, alone = db.engine, autocommit_engine()
        with collector.step():
            for each in db.engines.values():
                configure_engine(each)
        with collector.step():
            ports = _ports(settings, alone, clock or SystemClock(), randomness or SystemRandomness(), meters)
    app.extensions[EXTENSION] = WebContext(
        ports=ports, trusted_proxies=settings.trusted_proxies, https=settings.https, links=_links(settings)
    )
    request_hooks.init_app(app, RequestMeter(meters), https=settings.https)
    app.wsgi_app = traces.TracingMiddleware(app.wsgi_app)  # type: ignore[method-assign]  # Flask's own way
    errors.init_app(app)
    _register_database_errors(app)
    app.register_blueprint(health.blueprint([Check("database", database_probe(engine))]))
    csrf = portal.init_app(app)
    documented = api.init_app(app)
    api_reference.init_app(app, documented)
    for name, blueprint in app.blueprints.items():
        if name in api.BLUEPRINTS:
            csrf.exempt(blueprint)  # JSON calls are checked for their origin instead (SEC-8)
    return app


def _flask_settings(settings: WebSettings) -> dict[str, object]:
    url = settings.database_url.reveal()
    keys = [derive(key, "pages").hex() for key in settings.secret_keys]
    pool_size = (settings.database_pool + 1) // 2  # of each engine
    return {
        "SQLALCHEMY_DATABASE_URI": url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(make_url(url), pool_size=pool_size),
        "SQLALCHEMY_BINDS": binds(make_url(url), pool_size=pool_size),
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "MAX_FORM_MEMORY_SIZE": MAX_BODY_BYTES,
        "SECRET_KEY": keys[0],
        "SECRET_KEY_FALLBACKS": keys[1:],
        "SESSION_COOKIE_NAME": "__Host-form" if settings.https else "form",
        "SESSION_COOKIE_SECURE": settings.https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # it wants the Referer that our pages forbid browsers to send
    }


def _ports(
    settings: WebSettings, alone: Engine, clock: Clock, randomness: Randomness, meters: Instruments
) -> Ports:
    return Ports(
        unit_of_work=lambda: SqlUnitOfWork(db.session),
        queries=SqlQueries(alone),
        feed=SqlFeed(alone),
        counters=StandaloneCounters(alone),
        audit=StandaloneAudit(alone),
        caller=caller,
        clock=clock,
        randomness=randomness,
        passwords=Argon2Passwords(
            Cost(
                memory_kib=settings.argon2_memory_kib,
                passes=settings.argon2_passes,
                lanes=settings.argon2_lanes,
            ),
            slots=settings.hash_slots,
            queue=settings.hash_queue,
            meter=HashMeter(meters),
        ),
        tokens=SignedTokens(settings.secret_keys, clock),
        sealer=Sealer(seal_keys=settings.seal_public_keys, sign_keys=settings.sign_private_keys.reveal()),
        meter=LoginMeter(meters),
        rules=_rules(settings),
    )


def _links(settings: WebSettings) -> Links:
    return Links(
        information=settings.information_url,
        manual=settings.manual_url,
        questions=settings.questions_url,
        apply=settings.apply_url,
        query=settings.query_url,
        print=settings.print_url,
    )


def _rules(settings: WebSettings) -> Rules:
    return Rules(
        public_url=settings.public_url.rstrip("/"),
        reviewed_kinds=settings.reviewed_kinds,  # type: ignore[arg-type]  # `choice` lets only kinds pass
        tax_id_checksum=settings.tax_id_checksum,
        passwords=PasswordPolicy(settings.password_profile),  # type: ignore[arg-type]  # the same of profiles
        consents=_texts(settings),
        sessions=Lifetimes(
            idle=timedelta(seconds=settings.session_idle),
            absolute=timedelta(seconds=settings.session_absolute),
        ),
        feed_retention=timedelta(seconds=settings.feed_kept),
        login_failures_by_address=rate_limits.login_failures_by_address(settings.login_failures_per_address),
        registrations_by_address=rate_limits.registrations_by_address(settings.registrations_per_address),
    )


def _texts(settings: WebSettings) -> Texts:
    try:
        texts = read_texts(settings.consent_dir or SAMPLES)
    except ConsentTextError as fault:
        raise SettingsError([f"IDENTITY_CONSENT_DIR: {fault}"]) from None
    if settings.mode == PRODUCTION and any(text.sample for text in texts.texts):
        raise SettingsError(["IDENTITY_CONSENT_DIR: sample texts are refused in production"])
    return texts


def _register_database_errors(app: Flask) -> None:
    """Tell a database that is away or overrun as such, with when to try again."""

    def unavailable(error: Exception) -> Response:
        app.logger.warning("database unavailable: %s", type(error).__name__)
        return errors.refusal_response(Unavailable(_RETRY_AFTER_SECONDS))

    for kind in (OperationalError, InterfaceError, InternalError, PoolTimeout):
        app.register_error_handler(kind, unavailable)
