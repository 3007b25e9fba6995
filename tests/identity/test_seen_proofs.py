"""A proof is accepted once, even from concurrent requests."""

from datetime import UTC, datetime, timedelta

from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.seen_proofs import SqlSeenProofs
from identity.domain.jwt_replay import SingleUse

from tests.support.harness.concurrency import run_concurrently

LATER = datetime.now(UTC) + timedelta(minutes=1)


def test_of_eight_concurrent_uses_one_is_the_first(database_url: str) -> None:
    engine = open_engine(database_url)
    seen = SqlSeenProofs(engine.execution_options(isolation_level="AUTOCOMMIT"))

    answers = run_concurrently([lambda: seen.first_use(SingleUse("d" * 64, LATER))] * 8)
    again = seen.first_use(SingleUse("d" * 64, LATER + timedelta(hours=1)))
    another = seen.first_use(SingleUse("e" * 64, LATER))

    engine.dispose()
    assert (sorted(answers), again, another) == ([False] * 7 + [True], False, True)
