"""200,000 accounts against 200: the same time, and no query that scans a whole table."""

from collections.abc import Callable, Iterator

from identity.adapters.sql.engine import open_engine
from sqlalchemy import text

from tests.bench import load
from tests.bench.environment import SMALL, Environment, Web
from tests.bench.figures import Figure, Goal
from tests.bench.sizes import compared

MANY = 200_000
_BIG_TABLE_ROWS = 1000
_REQUESTS: dict[str, Callable[[Web], load.Request]] = {
    "login": lambda web: web.logins(SMALL),
    "registration": lambda web: web.registrations(500),
}


def many_against_few(stand: Environment) -> Iterator[Figure]:
    """Compare the medians of login and registration with one client; then count sequential scans."""
    database = stand.database(MANY)
    before = _sequential_scans(database)
    with stand.serving(database) as many:
        many.session()
        for name, request in _REQUESTS.items():
            told = f"{name} with 200,000 accounts, of the median with 200"
            yield compared(told, stand.web, many, request, called=("200", "200,000"))
        load.run(many.session(), clients=1, seconds=1)
    after = _sequential_scans(database)  # a backend reports its counts when it ends
    scanned = {name: float(count - before[name]) for name, count in after.items() if count > before[name]}
    yield Figure(
        name="whole tables read by login, registration, GET /session",
        measured=sum(scanned.values()), unit="", goal=Goal("most", 0), parts={**scanned},
    )  # fmt: skip


def _sequential_scans(database: str) -> dict[str, int]:
    """Return the number of sequential scans of each large table."""
    engine = open_engine(database)
    query = text("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > :big")
    with engine.connect() as connection:
        scans = {name: int(count) for name, count in connection.execute(query, {"big": _BIG_TABLE_ROWS})}
    engine.dispose()
    assert "accounts" in scans, "the database keeps no statistics of its tables"
    return scans
