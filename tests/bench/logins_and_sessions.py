"""Measures the web processes: logins, registrations, sessions, a page of the portal."""

from collections.abc import Callable, Iterator
from contextlib import closing

from tests.bench import http_load
from tests.bench.account_rows import stored_hash
from tests.bench.argon2_alone import Argon2idAlone
from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure, Goal, at_least, at_most, cpu_ms, ratio
from tests.bench.time_slots import Run, Side, Slot
from tests.bench.web_server import Web
from tests.support.actors.people import PASSWORD

CLIENTS = 8
_MAX_REGISTRATIONS = 2000
_PATHS = {"route": "/api/v1/session", "page": "/page"}
_KEYCLOAK_SHARE = 0.91
"""The rate of Keycloak's userinfo, divided by that of an empty Flask route on the same machine (README.md)."""


def logins(environment: Environment) -> Iterator[Figure]:
    slots = _against_argon2(environment, "logins", Web.logins)
    yield from _figures("login", slots, goals=(at_least(0.85), at_most(4.0), at_most(1.2)))


def registrations(environment: Environment) -> Iterator[Figure]:
    slots = _against_argon2(environment, "registrations", lambda web: web.registrations(_MAX_REGISTRATIONS))
    yield from _figures("registration", slots, goals=(at_least(0.76), at_most(7.0), at_most(2.0)))


def _against_argon2(
    environment: Environment, name: str, request: Callable[[Web], http_load.Request]
) -> list[Slot]:
    with (
        environment.serving(environment.small_database) as web,
        closing(Argon2idAlone(stored_hash(environment.small_database), PASSWORD)) as argon2,
    ):
        http_load.run(request(web), clients=CLIENTS, seconds=1)
        cpu = environment.cpu_of(service=web.process)
        product = http_load.side(name, lambda: request(web), cpu, clients=CLIENTS)
        return environment.measure(product, argon2.side(2 * http_load.SECONDS))


def _figures(name: str, slots: list[Slot], *, goals: tuple[Goal, Goal, Goal]) -> Iterator[Figure]:
    share, service, database = goals
    yield Figure(name=f"{name}s per second ÷ Argon2id alone", slots=slots, goal=share)
    yield Figure(
        name=f"{name}: CPU of the service, excluding hashing",
        slots=slots, value=_cpu_without_hashing, unit="ms", goal=service,
    )  # fmt: skip
    yield Figure(
        name=f"{name}: CPU of PostgreSQL",
        slots=slots, value=cpu_ms("PostgreSQL"), unit="ms", goal=database,
    )  # fmt: skip


def _cpu_without_hashing(slot: Slot) -> float:
    assert slot.baseline, "there is no hash to compare with"
    return slot.product.cpu_ms["service"] - slot.baseline.cpu_ms["hash"]


def session(environment: Environment) -> Iterator[Figure]:
    with environment.serving(environment.small_database) as web:
        request = web.session()
        slots = against_empty_route(environment, web, request)
    yield Figure(name="GET /session per second ÷ empty route", slots=slots, goal=at_least(0.60))
    yield Figure(
        name="GET /session ÷ Keycloak userinfo (computed)",
        slots=slots, value=lambda slot: ratio(slot) / _KEYCLOAK_SHARE, goal=at_least(0.75),
    )  # fmt: skip


def home_page(environment: Environment) -> Iterator[Figure]:
    with environment.serving(environment.small_database) as web:
        slots = against_empty_route(environment, web, web.home_page(), kind="page")
    yield Figure(name="page after login per second ÷ plain Jinja page", slots=slots, goal=at_least(0.5))


def against_empty_route(
    environment: Environment, web: Web, request: http_load.Request, *, kind: str = "route"
) -> list[Slot]:
    with environment.baseline() as baseline:
        empty = http_load.Request(url=baseline.root + _PATHS[kind])
        for one in (empty, request):
            http_load.run(one, clients=1, seconds=1)
        product = http_load.side("product", lambda: request, environment.cpu_of(service=web.process))
        empty_side = http_load.side(f"empty {kind}", lambda: empty, {"service": baseline.process.cpu_seconds})
        return environment.measure(product, empty_side, quiet_slots=7)


def session_under_logins(environment: Environment) -> Iterator[Figure]:
    """Measure GET /session while logins use every hash slot, against an empty route on an idle machine."""
    with environment.baseline() as baseline, environment.serving(environment.small_database) as web:
        empty, request = http_load.Request(url=f"{baseline.api}/session"), web.session()
        for one in (empty, request):
            http_load.run(one, clients=1, seconds=1)
        product = Side(name="under logins", unit="ms", prepare=lambda: lambda: _under_logins(web, request))
        slots = environment.measure(
            product, http_load.side("empty route, idle", lambda: empty, {}, unit="ms")
        )
    yield Figure(name="median of GET /session during logins ÷ idle route", slots=slots, goal=at_most(2))


def _under_logins(web: Web, request: http_load.Request) -> Run:
    others = web.logins(first=2)  # logins of the first member would end the measured session (SEC-19)
    with http_load.running(others, clients=CLIENTS) as running:
        result = http_load.run(request, clients=1, seconds=http_load.SECONDS)
        beside = running.stop()
    details = {"p99 ms": result.p99_ms, "logins /s": beside.per_second, "their p99 ms": beside.p99_ms}
    return Run(value=result.median_ms, details=details)
