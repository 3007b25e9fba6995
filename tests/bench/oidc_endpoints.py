"""Measures introspection, the provider's public documents and the redemption of authorization codes."""

import itertools
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

from identity.adapters.clock import SystemClock
from identity.adapters.jose.signer import JoseSigner
from identity.adapters.jose.signing_keys import read_signing_keys
from identity.adapters.sql.engine import open_engine
from sqlalchemy import Engine, text

from tests.bench import http_load
from tests.bench.database_sizes import compare
from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure, at_least, at_most
from tests.bench.logins_and_sessions import against_empty_route
from tests.bench.oidc_rows import CLIENT, MEMBER, SECRET, add_codes, add_tokens
from tests.bench.time_slots import Run, Side
from tests.bench.web_server import Web
from tests.support.actors.oidc_clients import REDIRECT_URI, VERIFIER
from tests.support.harness.settings import oidc_keys

_MILLION = 1_000_000
_CODES = 40_000
_CODES_PER_SLOT = 2_000


def introspection(environment: Environment) -> Iterator[Figure]:
    """Measure introspection against an empty route, then with a million tokens against one token."""
    few, many = environment.database(200), environment.database(200)
    add_tokens(few, 1)
    add_tokens(many, _MILLION)
    with environment.serving(few) as web:
        slots = against_empty_route(environment, web, _introspection(web))
        yield Figure(name="introspections per second ÷ empty route", slots=slots, goal=at_least(0.60))
        with environment.serving(many) as full:
            servers = {"one token": web, "1,000,000 tokens": full}
            slots = compare(environment, servers, _introspection)
    yield Figure(name="introspection: time with 1,000,000 tokens ÷ with one", slots=slots, goal=at_most(1.1))


def documents(environment: Environment) -> Iterator[Figure]:
    with environment.serving(environment.small_database) as web:
        for path in ("/.well-known/openid-configuration", "/.well-known/jwks.json"):
            slots = against_empty_route(environment, web, http_load.Request(url=web.root + path))
            yield Figure(name=f"GET {path} ÷ empty route", slots=slots, goal=at_least(0.9))


def codes(environment: Environment) -> Iterator[Figure]:
    """Measure code redemptions of one client against an RS256 signature and a transaction of four statements."""
    database = environment.database(200)
    add_codes(database, _CODES)
    engine = open_engine(database)
    numbers = itertools.count(1)
    with environment.serving(database) as web:
        product = http_load.side(
            "codes", lambda: _redemptions(web.root, numbers), environment.cpu_of(service=web.process)
        )
        baseline = Side(
            name="signature and transaction", unit="/s", prepare=_signing_and_writing(engine),
            cpu={"Python": time.process_time, **environment.cpu_of()},
        )  # fmt: skip
        slots = environment.measure(product, baseline)
    engine.dispose()
    yield Figure(name="codes per second ÷ signature and transaction", slots=slots, goal=at_least(0.5))


def _introspection(web: Web) -> http_load.Request:
    return _form(f"{web.root}/oauth/introspect", ["token=token1"])


def _redemptions(root: str, numbers: Iterator[int]) -> http_load.Request:
    form = urlencode(
        {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code_verifier": VERIFIER}
    )
    each = itertools.islice(numbers, _CODES_PER_SLOT)
    return _form(f"{root}/oauth/token", [f"{form}&code=code{number}" for number in each])


def _form(url: str, bodies: list[str]) -> http_load.Request:
    credentials = b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Basic {credentials}"}
    return http_load.Request(url=url, method="POST", headers=headers, bodies=bodies)


def _signing_and_writing(engine: Engine) -> Callable[[], Callable[[], Run]]:
    """Return the `prepare` of the baseline, which repeats a signature and a transaction."""
    signer = JoseSigner(read_signing_keys(oidc_keys()), SystemClock())
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE scratch (id serial PRIMARY KEY, value text)"))

    def repeat() -> Run:
        began, done = time.perf_counter(), 0
        while (spent := time.perf_counter() - began) < http_load.SECONDS:
            signer.sign({"sub": MEMBER, "aud": CLIENT}, token_type="JWT", algorithm="RS256")
            with engine.begin() as connection:
                inserted = text("INSERT INTO scratch (value) VALUES ('x') RETURNING id")
                number = {"number": connection.scalar(inserted)}
                connection.execute(text("SELECT value FROM scratch WHERE id = :number"), number)
                connection.execute(text("UPDATE scratch SET value = 'y' WHERE id = :number"), number)
                connection.execute(text("INSERT INTO scratch (value) VALUES ('z')"))
            done += 1
        return Run(value=done / spent, operations=done)

    return lambda: repeat
