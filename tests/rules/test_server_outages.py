"""During a server's outage, identity reports it or continues, and nothing is lost (MAIL-5, MAIL-7, EVT-2)."""

from collections.abc import Iterator

import pytest
from identity.adapters.sql.engine import open_engine
from identity.adapters.sql.migration_runner import migrate

from tests.support.actors.people import registration
from tests.support.harness.fixtures import NewInstallation
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until
from tests.support.servers.lifecycle import started
from tests.support.servers.postgres import PostgresCluster


@pytest.fixture
def own_postgres() -> Iterator[PostgresCluster]:
    """A PostgreSQL cluster that the test may stop."""
    with started(PostgresCluster(fsync=False)) as cluster:
        yield cluster


@pytest.fixture
def on_own_postgres(own_postgres: PostgresCluster, new_installation: NewInstallation) -> Installation:
    url = own_postgres.create_database()
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return new_installation(url)


@pytest.mark.rule("MAIL-7", "EVT-2")
def test_without_redis_identity_works_and_the_mails_follow(installation: Installation) -> None:
    installation.start("web", "relay", "mailer")
    installation.redis.stop()

    person = installation.register()
    visitor = installation.visitor()
    login = visitor.log_in(person)
    session = visitor.get("/session")
    waiting = installation.rows("SELECT 1 FROM outbox WHERE position IS NULL")
    installation.redis.start()
    mail = installation.mail(person.email)

    assert (login.status_code, session.status_code, installation.status_of("/readyz")) == (201, 200, 200)
    assert len(waiting) == 2
    assert installation.confirm(mail.token).status_code == 200


@pytest.mark.rule("MAIL-3", "EVT-2")
def test_a_redis_crash_loses_and_duplicates_no_mail(installation: Installation) -> None:
    installation.start("web", "relay", "mailer")
    people = [installation.register()]
    installation.wait_for_mails()  # a crash before this point could send the mail twice

    installation.redis.kill()
    people.append(installation.register())
    installation.redis.start()
    people.append(installation.register())
    installation.wait_for_mails()

    assert [installation.mailbox.count(person.email) for person in people] == [1] * 3


@pytest.mark.rule("SEC-13", "EVT-2", "OIDC-27")
def test_without_its_database_identity_sends_retry_after_and_recovers_by_itself(
    on_own_postgres: Installation, own_postgres: PostgresCluster
) -> None:
    installation = on_own_postgres
    programs = installation.start("web", "relay", "mailer")
    before = installation.register()
    visitor = installation.visitor()

    own_postgres.stop()
    refused = [visitor.post("/accounts", registration()), visitor.log_in(before), visitor.get("/consents")]
    form = {"grant_type": "refresh_token", "client_id": "pass", "refresh_token": "a token"}
    of_service = visitor.http.post("/oauth/token", data=form)
    keys = visitor.http.get("/.well-known/jwks.json")
    states = [installation.status_of("/readyz"), installation.status_of("/livez")]
    own_postgres.start()
    wait_until(lambda: installation.status_of("/readyz") == 200, what="web to be ready again")
    after = installation.register()
    installation.wait_for_mails()

    assert [answer.status_code for answer in refused] == [503, 503, 200]
    assert [answer.json()["code"] for answer in refused[:2]] == ["unavailable"] * 2
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in refused[:2])
    assert (of_service.status_code, of_service.json()) == (503, {"error": "temporarily_unavailable"})
    assert int(of_service.headers["Retry-After"]) > 0
    assert (keys.status_code, states) == (200, [503, 200])
    assert [installation.mailbox.count(person.email) for person in (before, after)] == [1, 1]
    assert all(program.running for program in programs)


@pytest.mark.rule("MAIL-7")
def test_without_a_mail_server_mails_wait_and_then_arrive_once(installation_on_sqlite: Installation) -> None:
    installation = installation_on_sqlite
    installation.smtp.stop()
    installation.start("web", "relay", "mailer")

    people = [installation.register() for _ in range(3)]
    wait_until(lambda: "smtp_away" in installation.logs(), what="the mailer to detect the outage")
    installation.smtp.start()
    installation.wait_for_mails()

    assert [installation.mailbox.count(person.email) for person in people] == [1] * 3


@pytest.mark.rule("MAIL-7")
def test_without_a_mailer_identity_works_and_the_mails_follow(
    installation_on_sqlite: Installation,
) -> None:
    installation = installation_on_sqlite
    installation.start("web", "relay")

    person = installation.register()
    wait_until(lambda: len(installation.event_types(person.id)) == 2, what="the events")
    login = installation.visitor().log_in(person)
    unsent = installation.mailbox.count(person.email)
    installation.start("mailer")
    mail = installation.mail(person.email)

    assert (login.status_code, unsent) == (201, 0)
    assert installation.confirm(mail.token).status_code == 200
