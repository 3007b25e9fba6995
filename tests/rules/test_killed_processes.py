"""A killed process loses nothing; another takes over (EVT-2, MAIL-3, MAIL-7)."""

import os
import signal
from contextlib import ExitStack

import pytest
from identity.adapters.leader_election import PostgresLeaderElection
from identity.adapters.sql.engine import open_engine
from sqlalchemy.exc import SQLAlchemyError

from tests.support.actors.people import Person
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until


def _verified(installation: Installation, person: Person) -> int:
    return int(installation.confirm(installation.mail(person.email).token).status_code)


@pytest.mark.rule("MAIL-7", "EVT-2")
def test_a_killed_web_process_is_replaced_and_its_committed_mails_are_sent(
    installation: Installation,
) -> None:
    web, _, _ = installation.start("web", "relay", "mailer")
    before = installation.register()
    workers = web.children()

    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: web.children() and not set(web.children()) & set(workers), what="new workers")
    wait_until(lambda: installation.status_of("/livez") == 200, what="an answer")
    after = installation.register()

    assert [_verified(installation, person) for person in (before, after)] == [200, 200]


@pytest.mark.rule("EVT-2", "MAIL-3", "MAIL-7")
def test_the_next_relay_finishes_a_killed_relays_work_and_no_mail_is_duplicated(
    installation: Installation,
) -> None:
    _, relay, _ = installation.start("web", "relay", "mailer")
    people = [installation.register() for _ in range(3)]

    relay.kill()
    people += [installation.register() for _ in range(3)]
    installation.start("relay")
    installation.wait_for_mails()

    assert [installation.mailbox.count(person.email) for person in people] == [1] * 6


@pytest.mark.rule("EVT-2")
def test_a_standby_relay_takes_over_at_once_when_the_leader_is_killed(installation: Installation) -> None:
    _, leader = installation.start("web", "relay")
    first = installation.register()
    wait_until(lambda: len(installation.event_types(first.id)) == 2, what="the leader to publish")
    (follower,) = installation.start("relay")

    leader.kill()
    second = installation.register()
    wait_until(
        lambda: len(installation.event_types(second.id)) == 2,
        what="the follower to publish",
        timeout_seconds=20,
    )

    assert follower.running


@pytest.mark.rule("EVT-2")
def test_a_frozen_leader_loses_its_role_and_stands_by_after_it_resumes(
    postgresql_url: str,
) -> None:
    with ExitStack() as stack:
        engines = [open_engine(postgresql_url) for _ in range(2)]
        for engine in engines:
            stack.callback(engine.dispose)
        frozen, other = (PostgresLeaderElection(engine, silence_seconds=0.2) for engine in engines)
        assert frozen.acquire()

        wait_until(other.acquire, what="the other relay to take over")
        with pytest.raises(SQLAlchemyError):
            frozen.acquire()
        again = frozen.acquire()
        other.release()
        frozen.release()

    assert (again, frozen.is_leader) == (False, False)


@pytest.mark.rule("EVT-2")
def test_a_leader_that_sends_heartbeats_keeps_its_role(postgresql_url: str) -> None:
    engines = [open_engine(postgresql_url) for _ in range(2)]
    leader, other = (PostgresLeaderElection(engine, silence_seconds=5) for engine in engines)

    leads = [(leader.acquire(), other.acquire()) for _ in range(5)]
    leader.release()
    other.release()
    for engine in engines:
        engine.dispose()

    assert leads == [(True, False)] * 5


@pytest.mark.rule("MAIL-3", "MAIL-7")
def test_the_next_mailer_sends_the_mails_of_a_killed_mailer(installation: Installation) -> None:
    installation.smtp.hang(at="data")
    _, _, mailer = installation.start("web", "relay", "mailer")
    people = [installation.register() for _ in range(4)]
    wait_until(lambda: installation.smtp.script.reached["data"], what="the mailer to try")

    mailer.kill()
    installation.smtp.stop()
    installation.smtp.reset()
    installation.smtp.start()
    installation.start("mailer")
    installation.wait_for_mails()

    assert [installation.mailbox.count(person.email) for person in people] == [1] * 4
