"""Measures the web processes: logins, registrations, sessions, a page of the portal."""

from collections.abc import Callable, Iterator
from contextlib import closing

from tests.bench import load
from tests.bench.argon2 import RawArgon2
from tests.bench.environment import Environment
from tests.bench.figures import Figure, Goal, at_least, at_most, cpu_ms, ratio
from tests.bench.population import stored_hash
from tests.bench.slots import Run, Side, Slot
from tests.bench.web_server import Web
from tests.support.actors.people import PASSWORD

CLIENTS = 8
_MAX_REGISTRATIONS = 2000
_BARE = {"route": "/api/v1/session", "page": "/page"}
_KEYCLOAK_SHARE = 0.91
"""The rate of Keycloak's userinfo, divided by that of an empty Flask route on the same machine (README.md)."""


def logins(environment: Environment) -> Iterator[Figure]:
    """Measure logins per second by 8 clients against raw Argon2."""
    slots = _against_argon2(environment, "logins", Web.logins)
    yield from _figures("login", slots, goals=(at_least(0.85), at_most(4.0), at_most(1.2)))


def registrations(environment: Environment) -> Iterator[Figure]:
    """Measure registrations per second by 8 clients against raw Argon2."""
    slots = _against_argon2(environment, "registrations", lambda web: web.registrations(_MAX_REGISTRATIONS))
    yield from _figures("registration", slots, goals=(at_least(0.76), at_most(7.0), at_most(2.0)))


def _against_argon2(
    environment: Environment, name: str, request: Callable[[Web], load.Request]
) -> list[Slot]:
    with (
        environment.serving(environment.small_database) as web,
        closing(RawArgon2(stored_hash(environment.small_database), PASSWORD)) as raw,
    ):
        load.run(request(web), clients=CLIENTS, seconds=1)
        cpu = environment.cpu_of(service=web.process)
        product = load.side(name, lambda: request(web), cpu, clients=CLIENTS)
        return environment.interleaved(product, raw.side(2 * load.SECONDS))


def _figures(name: str, slots: list[Slot], *, goals: tuple[Goal, Goal, Goal]) -> Iterator[Figure]:
    share, service, database = goals
    yield Figure(name=f"{name}s per second ÷ Argon2 alone", slots=slots, goal=share)
    yield Figure(
        name=f"{name}: CPU of the service, excluding hashing",
        slots=slots, value=_beyond_the_hash, unit="ms", goal=service,
    )  # fmt: skip
    yield Figure(
        name=f"{name}: CPU of PostgreSQL",
        slots=slots, value=cpu_ms("PostgreSQL"), unit="ms", goal=database,
    )  # fmt: skip


def _beyond_the_hash(slot: Slot) -> float:
    assert slot.baseline, "there is no hash to compare with"
    return slot.product.cpu_ms["service"] - slot.baseline.cpu_ms["hash"]


def session(environment: Environment) -> Iterator[Figure]:
    """Measure GET /session per second with one client against a bare route."""
    with environment.serving(environment.small_database) as web:
        request = web.session()
        slots = against_bare_route(environment, web, request)
    yield Figure(name="GET /session per second ÷ empty route", slots=slots, goal=at_least(0.60))
    yield Figure(
        name="GET /session ÷ Keycloak userinfo (computed)",
        slots=slots, value=lambda slot: ratio(slot) / _KEYCLOAK_SHARE, goal=at_least(0.75),
    )  # fmt: skip


def home_page(environment: Environment) -> Iterator[Figure]:
    """Measure the portal's home page with one client against a bare Jinja page."""
    with environment.serving(environment.small_database) as web:
        slots = against_bare_route(environment, web, web.home_page(), bare_kind="page")
    yield Figure(name="page after login per second ÷ plain Jinja page", slots=slots, goal=at_least(0.5))


def against_bare_route(
    environment: Environment, web: Web, request: load.Request, *, bare_kind: str = "route"
) -> list[Slot]:
    """Measure requests per second of one client against a bare route or page."""
    with environment.baseline() as baseline:
        bare = load.Request(url=baseline.root + _BARE[bare_kind])
        for one in (bare, request):
            load.run(one, clients=1, seconds=1)
        product = load.side("product", lambda: request, environment.cpu_of(service=web.process))
        bare_side = load.side(f"bare {bare_kind}", lambda: bare, {"service": baseline.process.cpu_seconds})
        return environment.interleaved(product, bare_side, wanted=7)


def session_under_logins(environment: Environment) -> Iterator[Figure]:
    """Measure GET /session while logins use every hash slot, against a bare route on an idle machine."""
    with environment.baseline() as baseline, environment.serving(environment.small_database) as web:
        bare, request = load.Request(url=f"{baseline.api}/session"), web.session()
        for one in (bare, request):
            load.run(one, clients=1, seconds=1)
        product = Side(name="under logins", unit="ms", prepare=lambda: lambda: _under_logins(web, request))
        slots = environment.interleaved(product, load.side("idle bare route", lambda: bare, {}, unit="ms"))
    yield Figure(name="median of GET /session during logins ÷ idle route", slots=slots, goal=at_most(2))


def _under_logins(web: Web, request: load.Request) -> Run:
    others = web.logins(first=2)  # logins of the first member would end the measured session (SEC-19)
    with load.running(others, clients=CLIENTS) as running:
        result = load.run(request, clients=1, seconds=load.SECONDS)
        beside = running.stop()
    details = {"p99 ms": result.p99_ms, "logins /s": beside.per_second, "their p99 ms": beside.p99_ms}
    return Run(value=result.median_ms, details=details)
