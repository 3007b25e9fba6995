"""Every process exposes metrics, liveness and readiness on its own port (OPS-4)."""

import os
import signal
import socket

import httpx
import pytest
from identity.metrics.notify import NOTIFY
from identity.metrics.relay import RELAY
from identity.metrics.web import WEB
from mailer.metrics import CATALOGUE as MAILER
from port_runtime.metrics import Metric

from tests.support.actors.people import NO_TLS, Person
from tests.support.harness.installation import Installation
from tests.support.harness.metrics_health_ports import VARIABLES, MetricsHealthPorts
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import run_preloaded

CATALOGUES: dict[str, tuple[Metric, ...]] = {
    "web": WEB,
    "relay": RELAY,
    "notify": NOTIFY,
    "mailer": MAILER,
}
PARTS = ("web", "relay", "mailer")


@pytest.fixture
def ports() -> MetricsHealthPorts:
    return MetricsHealthPorts()


def _log_in_repeatedly(person: Person, installation: Installation, times: int) -> None:
    for _ in range(times):  # separate connections reach every web process
        installation.visitor().log_in(person)


@pytest.mark.rule("OPS-4")
def test_each_process_exposes_exactly_the_metrics_of_its_catalogue(
    installation: Installation, ports: MetricsHealthPorts
) -> None:
    installation.start(*CATALOGUES, **ports.settings)
    assert run_preloaded("identity", "tidy", environment=installation.environment).returncode == 0
    installation.logged_in(installation.person())
    installation.wait_for_mails()

    for part, catalogue in CATALOGUES.items():
        families = ports.scrape(part).families
        assert sorted(families) == sorted(metric.family for metric in catalogue)
        for metric in catalogue:
            family = families[metric.family]
            assert (family.type, family.documentation) == (metric.kind, metric.description)
            assert family.samples, f"{metric.name} has no series after a walk"
            for sample in family.samples:
                assert sample.name in (*metric.series, f"{metric.family}_created")
                assert set(sample.labels) - {"le"} == set(metric.labels)


@pytest.mark.rule("OPS-4")
def test_counts_of_several_web_processes_are_summed_and_survive_their_death(
    installation_on_postgresql: Installation, ports: MetricsHealthPorts
) -> None:
    installation = installation_on_postgresql
    web, *_ = installation.start(*PARTS, IDENTITY_WEB_WORKERS="3", **ports.settings)
    person = installation.person()
    installation.visitor().log_in(person, password="Wrong-Password-of-Nobody-5!")
    _log_in_repeatedly(person, installation, 12)
    before = ports.scrape("web")

    for worker in web.children()[:2]:
        os.kill(worker, signal.SIGKILL)
    wait_until(lambda: ports.scrape("web").value("identity_web_workers") == 3, what="new workers")
    _log_in_repeatedly(person, installation, 12)
    after = ports.scrape("web")

    posted = {"method": "POST", "route": "/api/v1/sessions", "status": "2xx"}
    assert [scrape.value("identity_logins_total", outcome="opened") for scrape in (before, after)] == [12, 24]
    assert after.value("identity_logins_total", outcome="bad_credentials") == 1
    assert [scrape.value("identity_http_requests_total", **posted) for scrape in (before, after)] == [12, 24]
    assert after.value("identity_http_request_seconds_count", route="/api/v1/sessions") == 25
    assert after.value("identity_hash_seconds_count") == after.value("identity_hash_wait_seconds_count") >= 26
    assert after.value("identity_hash_waiting") == 0
    assert after.value("identity_database_connections_max", pool="statements") == 15
    assert after.value("process_cpu_seconds_total") > before.value("process_cpu_seconds_total") > 0
    assert after.value("identity_sessions") == 20  # the limit of sessions per account (SEC-19)


@pytest.mark.rule("OPS-4")
def test_the_directory_of_shared_counts_is_removed_with_the_server(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts
) -> None:
    installation, directory = installation_on_sqlite, installation_on_sqlite.directory
    settings = {**ports.settings, "TMPDIR": str(directory)}
    # Not a fork: a new process fails if any package imports prometheus_client too early.
    web = installation.start_program(
        "identity", "serve", environment={**installation.environment, **settings}, preloaded=False
    )
    web.wait_for("Listening at")
    wait_until(lambda: list(directory.glob("identity-metrics-*/*.db")), what="the files of shared counts")

    web.stop()

    assert not list(directory.glob("identity-metrics-*"))


@pytest.mark.rule("OPS-4", "OPS-5")
def test_a_refused_start_leaves_no_directory_of_shared_counts(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts
) -> None:
    directory = installation_on_sqlite.directory
    settings = {"TMPDIR": str(directory), "IDENTITY_BIND": "192.0.2.1:8000", **ports.settings}

    refused = run_preloaded(
        "identity", "serve", environment={**installation_on_sqlite.environment, **settings}
    )

    assert refused.returncode == 2
    assert not list(directory.glob("identity-metrics-*"))


@pytest.mark.rule("OPS-4", "SEC-13")
def test_unknown_paths_create_no_new_series(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts
) -> None:
    installation = installation_on_sqlite
    installation.start("web", **ports.settings)

    for number in range(20):
        httpx.request("GET", f"{installation.url}/nowhere/{number}", verify=NO_TLS, trust_env=False)
        httpx.request(f"WORD{number}", f"{installation.url}/livez", verify=NO_TLS, trust_env=False)
    scrape = ports.scrape("web")

    assert scrape.labels("identity_http_requests_total", "route") <= {"none", "/livez", "/readyz"}
    assert scrape.labels("identity_http_requests_total", "method") <= {"GET", "other"}
    assert scrape.value("identity_http_requests_total", route="none") >= 20


@pytest.mark.rule("OPS-4", "MAIL-7")
def test_a_mail_server_outage_shows_in_backlog_and_age(
    installation: Installation, ports: MetricsHealthPorts
) -> None:
    installation.smtp.stop()
    installation.start(*PARTS, **ports.settings)
    people = [installation.register() for _ in range(3)]

    wait_until(lambda: ports.scrape("mailer").value("mailer_smtp_away") == 1, what="the failed heartbeat")
    # Entries beyond the mailer's limit stay in the stream.
    wait_until(lambda: ports.scrape("mailer").value("mailer_in_hand", place="waiting"), what="a waiting mail")
    mailer, relay = ports.scrape("mailer"), ports.scrape("relay")
    installation.smtp.start()
    installation.wait_for_mails()
    then_mailer = ports.scrape_with("mailer", "mailer_mails_total", 3)
    then_relay = ports.scrape_with("relay", "identity_receipts_total", 3)

    assert mailer.value("mailer_put_off_total", reason="server_away") >= 1
    assert mailer.value("mailer_oldest_seconds") > 0
    assert mailer.value("mailer_stream_pending") >= 1
    assert relay.value("identity_mails_waiting") == 3
    assert relay.value("identity_mails_oldest_seconds") > 0
    assert then_mailer.value("mailer_mails_total", type="registration_general", outcome="sent") == len(people)
    assert then_mailer.value("mailer_mail_seconds_count") == 3
    assert then_mailer.value("mailer_smtp_seconds_count", answer="accepted") == 3
    assert then_mailer.value("mailer_smtp_seconds_count", answer="away") >= 1
    assert [then_mailer.value(name) for name in ("mailer_smtp_away", "mailer_stream_pending")] == [0, 0]
    assert then_relay.value("identity_receipts_total", state="sent") == 3
    assert (
        then_relay.value("identity_mails_waiting") == then_relay.value("identity_mails_oldest_seconds") == 0
    )


@pytest.mark.rule("OPS-4", "MAIL-5")
def test_a_refused_mail_shows_as_a_dead_letter(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts
) -> None:
    installation = installation_on_sqlite
    installation.smtp.refuse(code=550, text="5.1.1 No such user")
    installation.start(*PARTS, **ports.settings)

    installation.register("link")
    installation.wait_for_mails()
    scrape = ports.scrape_with("mailer", "mailer_mails_total", 1)
    relay = ports.scrape_with("relay", "identity_receipts_total", 1)

    assert scrape.value("mailer_mails_total", type="registration_link", outcome="refused") == 1
    assert scrape.value("mailer_dead_letters") == 1
    assert relay.value("identity_receipts_total", state="refused") == 1


@pytest.mark.rule("OPS-4", "EVT-2")
def test_metrics_show_one_leading_relay_and_the_backlog_while_redis_is_down(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts
) -> None:
    installation, others = installation_on_sqlite, MetricsHealthPorts()
    installation.start("web", "relay", **ports.settings)
    wait_until(lambda: ports.scrape("relay").value("identity_relay_leads") == 1, what="a leader")
    installation.start("relay", **others.settings)
    assert others.scrape("relay").value("identity_relay_leads") == 0

    installation.redis.stop()
    installation.register()
    wait_until(
        lambda: ports.scrape("relay").value("identity_relay_failures_total"), what="the failed heartbeat"
    )
    without = ports.scrape("relay")
    alive, ready = ports.get("relay", "/livez"), ports.get("relay", "/readyz")
    installation.redis.start()
    wait_until(lambda: ports.scrape("relay").value("identity_relay_published_total") == 2, what="publishing")
    after = ports.scrape("relay")

    assert without.value("identity_outbox_unpublished") == 2
    assert without.value("identity_outbox_oldest_seconds") > 0
    assert not list(without.series("identity_stream_entries"))
    assert (alive.status_code, ready.status_code) == (200, 503)
    assert ready.json()["checks"] == {"database": "ok", "redis": "ConnectionError"}
    assert (
        after.value("identity_relay_published_total")
        == after.value("identity_stream_entries", stream="events")
        == 2
    )
    assert after.value("identity_relay_publish_seconds_count") == 2


@pytest.mark.rule("OPS-4", "SEC-11")
def test_new_audit_rows_show_until_they_are_chained(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts
) -> None:
    installation = installation_on_sqlite
    (_web, keyless) = installation.start("web", "relay", IDENTITY_AUDIT_KEYS="", **ports.settings)
    installation.register()
    rows = len(installation.audit())

    without = ports.scrape("relay")
    keyless.stop()
    installation.start("relay", **ports.settings)
    wait_until(lambda: ports.scrape("relay").value("identity_audit_unsealed") == 0, what="the chain")
    after = ports.scrape("relay")

    assert without.value("identity_audit_unsealed") == rows > 0
    assert without.value("identity_audit_oldest_seconds") > 0
    assert after.value("identity_audit_oldest_seconds") == 0


@pytest.mark.rule("OPS-4", "EVT-5")
def test_a_lagging_consumer_group_shows_by_name(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts
) -> None:
    installation = installation_on_sqlite
    installation.start("web", "relay", **ports.settings)
    with installation.redis.client() as client:
        client.xgroup_create("identity.events", "passes", id="0", mkstream=True)
        installation.register()
        wait_until(lambda: client.xlen("identity.events") == 2, what="two events")
        unread = ports.scrape("relay")
        first, second = (entry_id for entry_id, _ in client.xrange("identity.events"))
        client.xreadgroup("passes", "one", {"identity.events": ">"}, count=1)
        half = ports.scrape("relay")
        client.xack("identity.events", "passes", first)
        client.xreadgroup("passes", "one", {"identity.events": ">"}, count=1)
        client.xack("identity.events", "passes", second)
    done = ports.scrape("relay")

    figures = [
        tuple(
            scrape.value(f"identity_stream_{name}", stream="events", group="passes")
            for name in ("lag", "pending")
        )
        for scrape in (unread, half, done)
    ]
    ages = [
        scrape.value("identity_stream_oldest_seconds", stream="events", group="passes")
        for scrape in (unread, half, done)
    ]
    assert figures == [(2, 0), (1, 1), (0, 0)]
    assert [age > 0 for age in ages] == [True, True, False]


@pytest.mark.rule("OPS-4")
def test_each_process_answers_liveness_and_readiness(
    installation: Installation, ports: MetricsHealthPorts
) -> None:
    installation.start(*PARTS, **ports.settings)

    for part in PARTS:
        assert ports.get(part, "/livez").json() == {"status": "ok"}
        ready = ports.get(part, "/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "ok"), ready.text
        assert ports.get(part, "/").status_code == 404
    installation.redis.stop()

    assert [ports.get(part, "/readyz").status_code for part in PARTS] == [200, 503, 503]


@pytest.mark.rule("OPS-4", "OPS-5")
@pytest.mark.parametrize("part", PARTS)
def test_a_taken_ops_port_stops_the_start_with_one_line(
    installation_on_sqlite: Installation, ports: MetricsHealthPorts, part: str
) -> None:
    name = VARIABLES[part]
    address = ports.settings[name]
    with socket.create_server(("127.0.0.1", int(address.rpartition(":")[2]))):
        ended = installation_on_sqlite.start_without_waiting(part, **{name: address})
        wait_until(lambda: not ended.running, what="the end", timeout_seconds=30)

    lines = [line for line in ended.output.splitlines() if not line.startswith("{")]
    assert lines == [f"{name}: cannot listen on this address (Address already in use)"]
