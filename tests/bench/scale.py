"""200,000 accounts against 200: the same time, and no query that reads a whole table."""

from collections.abc import Callable, Iterator

from identity.adapters.database import open_engine
from sqlalchemy import text

from tests.bench import load
from tests.bench.figures import Figure, Goal, interleaved
from tests.bench.stand import FEW, Stand, Web

MANY = 200_000
_SECONDS = 2.0
_SLOTS = 5
_GOAL = Goal("most", 1.3)
_BIG_TABLE_ROWS = 1000


def many_against_few(stand: Stand) -> Iterator[Figure]:
    """Medians of login and registration, one client, beside each other; then the database's own count of scans."""
    database = stand.database(MANY)
    before = _sequential_scans(database)
    with stand.serving(database) as many:
        many.session()
        yield _compared("login", stand.web, many, lambda web: web.logins(FEW))
        yield _compared("registration", stand.web, many, lambda web: web.registrations(500))
        load.run(many.session(), clients=1, seconds=1)
    after = _sequential_scans(database)  # a backend tells its counts at its end
    scanned = {name: float(count - before[name]) for name, count in after.items() if count > before[name]}
    yield Figure(
        name="whole tables read by login, registration, GET /session",
        measured=sum(scanned.values()), unit="", goal=Goal("most", 0), parts={**scanned},
    )  # fmt: skip


def _compared(name: str, few: Web, many: Web, request: Callable[[Web], load.Request]) -> Figure:
    def median_ms(web: Web) -> float:
        return load.run(request(web), clients=1, seconds=_SECONDS).median_ms

    for web in (few, many):
        median_ms(web)
    pair = interleaved(lambda: median_ms(few), lambda: median_ms(many), slots=_SLOTS)
    return Figure(
        name=f"{name} with 200,000 accounts, of the median with 200",
        measured=pair.ratio,
        goal=_GOAL,
        parts={"200 ms": pair.limit, "200,000 ms": pair.median},
    )


def _sequential_scans(database: str) -> dict[str, int]:
    """Return how often each big table was read as a whole so far."""
    engine = open_engine(database)
    query = text("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE n_live_tup > :big")
    with engine.connect() as connection:
        scans = {name: int(count) for name, count in connection.execute(query, {"big": _BIG_TABLE_ROWS})}
    engine.dispose()
    assert "accounts" in scans, "the database keeps no statistics of its tables"
    return scans
