"""Compares a database of 1,000,000 accounts and events with an almost empty one: latencies, and query plans."""

from collections.abc import Callable, Iterable, Iterator

from identity.adapters.sql.engine import open_engine

from tests.bench import http_load
from tests.bench.database_sizes import compare
from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure, at_most, product
from tests.bench.oidc_rows import SECRET, register
from tests.bench.query_plans import logged_statements, reads_of
from tests.bench.time_slots import Run, Side
from tests.bench.web_server import SMALL, Web

ROWS = 1_000_000
_MakeRequest = Callable[[Web], http_load.Request]


def million_against_empty(environment: Environment) -> Iterator[Figure]:
    """Compare the median latencies of four requests, then count the statements whose plan scans a large table."""
    full, empty = environment.database(ROWS, used=SMALL), environment.database(1)
    for url in (full, empty):
        _register(url)
    with environment.serving(full) as many, environment.serving(empty) as none:
        requests: dict[str, _MakeRequest] = {
            "login": lambda web: web.logins(members=1),
            "registration": lambda web: web.registrations(500),
            "GET /session": Web.session,
            "GET /events": lambda web: _events(web, after=0 if web is none else ROWS - 1),
        }
        for name, request in requests.items():
            slots = compare(environment, {"empty": none, "1,000,000": many}, request)
            yield Figure(
                name=f"{name}: time with 1,000,000 rows ÷ empty database", slots=slots, goal=at_most(1.3)
            )
    plans = Side(name="plans", unit="", prepare=lambda: lambda: _plans(environment, full, requests.values()))
    yield Figure(
        name="queries that scan a large table",
        slots=environment.measure(plans, quiet_slots=1), value=product, unit="", goal=at_most(0),
    )  # fmt: skip


def _register(url: str) -> None:
    engine = open_engine(url)
    register(engine)
    engine.dispose()


def _events(web: Web, *, after: int) -> http_load.Request:
    return http_load.Request(
        url=f"{web.api}/events?after={after}", headers={"Authorization": f"Bearer {SECRET}"}
    )


def _plans(environment: Environment, url: str, requests: Iterable[_MakeRequest]) -> Run:
    """Send each request again with statement logging; return the number of statements that scan a large table."""
    with logged_statements(environment.postgres, url) as statements, environment.serving(url) as web:
        for request in requests:
            http_load.run(request(web), clients=1, seconds=1)
    reads = reads_of(url, statements(), tables=("accounts", "outbox"))
    assert reads.by_index, "no plan uses an index, so no statement was explained"
    return Run(
        value=len(reads.whole), details={"by an index": len(reads.by_index), **dict.fromkeys(reads.whole, 1)}
    )
