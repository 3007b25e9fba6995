"""1,000,000 accounts and events against an empty database: the same time, and no plan that scans a large table."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

from tests.bench import load
from tests.bench.environment import SMALL, Environment, Web
from tests.bench.figures import Figure, Goal
from tests.bench.plans import logged_statements, reads_of
from tests.bench.sizes import compared
from tests.support.harness.processes import run

ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Side:
    """A web server on a populated database, and a service's secret for its feed."""

    web: Web
    rows: int
    secret: str

    def newest_of_feed(self) -> load.Request:
        """The request for the feed's last event."""
        url = f"{self.web.api}/events?after={self.rows - 1}"
        return load.Request(url=url, headers={"Authorization": f"Bearer {self.secret}"})


_REQUESTS: dict[str, Callable[[Side], load.Request]] = {
    "login": lambda side: side.web.logins(members=1),
    "registration": lambda side: side.web.registrations(500),
    "GET /session": lambda side: side.web.session(),
    "GET /events": Side.newest_of_feed,
}


def million_against_empty(stand: Environment) -> Iterator[Figure]:
    """Compare the medians of four requests with one client; then check the plans of their statements."""
    full = stand.database(ROWS, lived=SMALL)
    with ExitStack() as stack:
        many, none = _side(stand, stack, full, ROWS), _side(stand, stack, stand.database(1), 1)
        for name, request in _REQUESTS.items():
            told = f"{name}, 1,000,000 rows, of an empty database's"
            yield compared(told, none, many, request, called=("empty", "1,000,000"))
    yield _planned(stand, full, many)


def _side(stand: Environment, stack: ExitStack, database: str, rows: int) -> Side:
    settings = stand.settings(IDENTITY_DATABASE_URL=database)
    made = run("identity", "clients", "add", "bench", "--right", "events:read", environment=settings)
    return Side(stack.enter_context(stand.serving(database)), rows, made.stdout.strip())


def _planned(stand: Environment, full: str, asked: Side) -> Figure:
    """Send each request again with statement logging and explain every statement."""
    with (
        logged_statements(stand.postgres, full) as statements,
        stand.serving(full) as web,
    ):
        for request in _REQUESTS.values():
            load.run(request(replace(asked, web=web)), clients=1, seconds=1)
    reads = reads_of(full, statements(), tables=("accounts", "outbox"))
    assert reads.by_index, "no statement is explained by an index: nothing was explained"
    return Figure(
        name="their statements that read all of accounts or outbox (EXPLAIN)",
        measured=len(reads.whole), unit="", goal=Goal("most", 0),
        parts={"by an index": float(len(reads.by_index)), **dict.fromkeys(reads.whole, "whole")},
    )  # fmt: skip
