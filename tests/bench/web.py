"""Throughput and latency of the web processes: logins, registrations, sessions."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench import load
from tests.bench.argon2 import RawArgon2
from tests.bench.environment import Environment
from tests.bench.figures import Figure, Goal, interleaved
from tests.bench.population import stored_hash
from tests.support.actors.people import PASSWORD

CLIENTS = 8
_LOGIN_SECONDS = 4.0
_READ_SECONDS = 2.0
_SLOTS = 5
_MAX_REGISTRATIONS = 2000


def logins(stand: Environment) -> Iterator[Figure]:
    """Logins per second by 8 clients against raw Argon2."""
    request = stand.web.logins()
    yield _against_argon2(stand, "logins a second, of raw Argon2", lambda: request, goal=0.85)


def registrations(stand: Environment) -> Iterator[Figure]:
    """Registrations per second by 8 clients against raw Argon2."""
    yield _against_argon2(
        stand,
        "registrations a second, of raw Argon2",
        lambda: stand.web.registrations(_MAX_REGISTRATIONS),
        goal=0.70,
    )


def _against_argon2(stand: Environment, name: str, request: "load.MakeRequest", *, goal: float) -> Figure:
    load.run(request(), clients=CLIENTS, seconds=1)
    raw = RawArgon2(stored_hash(stand.small_database), PASSWORD)
    try:
        pair = interleaved(
            lambda: raw.per_second(_LOGIN_SECONDS),
            lambda: load.run(request(), clients=CLIENTS, seconds=_LOGIN_SECONDS).per_second,
            slots=_SLOTS,
        )
    finally:
        raw.close()
    parts: dict[str, float | str] = {"raw Argon2 /s": pair.limit, "product /s": pair.median}
    return Figure(name=name, measured=pair.ratio, goal=Goal("least", goal), parts=parts)


def session(stand: Environment) -> Iterator[Figure]:
    """GET /session per second by one client against a bare route."""
    bare, known = load.Request(url=f"{stand.baseline.api}/session"), stand.web.session()
    for request in (bare, known):
        load.run(request, clients=1, seconds=1)
    pair = interleaved(
        lambda: load.run(bare, clients=1, seconds=_READ_SECONDS).per_second,
        lambda: load.run(known, clients=1, seconds=_READ_SECONDS).per_second,
        slots=_SLOTS + 2,
    )
    yield Figure(
        name="GET /session a second, of a bare route",
        measured=pair.ratio,
        goal=Goal("least", 0.35),
        parts={"bare /s": pair.limit, "product /s": pair.median},
    )


def session_under_logins(stand: Environment) -> Iterator[Figure]:
    """GET /session while logins keep every hash slot busy, against a bare route under the same load."""
    bare, known = load.Request(url=f"{stand.baseline.api}/session"), stand.web.session()

    def median_of(request: load.Request) -> float:
        with _busy_with_logins(stand):
            return load.run(request, clients=1, seconds=_READ_SECONDS).median_ms

    pair = interleaved(lambda: median_of(bare), lambda: median_of(known), slots=_SLOTS)
    yield Figure(
        name="GET /session while logins hash: median, of a bare route's",
        measured=pair.ratio,
        goal=Goal("most", 3),
        parts={"bare ms": pair.limit, "product ms": pair.median},
    )


@contextmanager
def _busy_with_logins(stand: Environment) -> Iterator[None]:
    others = stand.web.logins(first=2)  # the session of the first member must stay open (SEC-19)
    with load.running(others, clients=CLIENTS, seconds=_READ_SECONDS + 2):
        yield
