"""`identity notify` as a process: a hanging client delays no other, and a killed process loses nothing (OIDC-22)."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from statistics import median

import pytest
from sqlalchemy import text

from tests.support.actors.logouts import add_client_with_logout_uri, add_pending_logouts
from tests.support.harness.installation import Installation
from tests.support.harness.metrics_health_ports import MetricsHealthPorts
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import run_preloaded
from tests.support.servers.logout_receiver import LogoutReceiver, logout_receiver

MAX_SECONDS = 4.0
"""The maximum median time from a commit to the delivery of its logout, while another client hangs (OIDC-22)."""


@pytest.fixture
def receivers() -> Iterator[list[LogoutReceiver]]:
    with ExitStack() as stack:
        yield [stack.enter_context(logout_receiver()) for _ in range(2)]


def waiting(installation: Installation) -> int:
    return int(installation.rows("SELECT count(*) FROM logouts WHERE done_at IS NULL")[0][0])


def outcomes(installation: Installation) -> set[tuple[str, bool]]:
    rows = installation.rows("SELECT outcome, done_at FROM logouts")
    return {(row.outcome, row.done_at is not None) for row in rows}


@pytest.mark.rule("OIDC-22")
def test_a_hanging_client_delays_no_other(
    installation: Installation, receivers: list[LogoutReceiver]
) -> None:
    hung, well = receivers
    names = [add_client_with_logout_uri(installation.engine, f"{each.url}/logout") for each in receivers]
    installation.start("notify", "notify")
    hung.hang()
    add_pending_logouts(installation.engine, names[0], 20)
    hung.wait_for(4)

    seconds = []
    for number in range(1, 11):
        started = time.monotonic()
        add_pending_logouts(installation.engine, names[1])
        well.wait_for(number)
        seconds.append(time.monotonic() - started)

    assert median(seconds) < MAX_SECONDS, seconds
    assert hung.most_at_once == 4


@pytest.mark.rule("OIDC-22")
def test_many_logouts_of_one_client_are_sent_four_at_a_time(
    installation: Installation, receivers: list[LogoutReceiver]
) -> None:
    receiver = receivers[0]
    name = add_client_with_logout_uri(installation.engine, f"{receiver.url}/logout")
    installation.start("notify", "notify")

    add_pending_logouts(installation.engine, name, 100)
    receiver.wait_for(100)
    wait_until(lambda: not waiting(installation), what="all logouts to be recorded")

    assert len({each.token for each in receiver.received}) == len(receiver.received) == 100
    assert receiver.most_at_once <= 4


@pytest.mark.rule("OIDC-22")
def test_a_killed_process_leaves_its_logouts_to_another(
    installation: Installation, receivers: list[LogoutReceiver]
) -> None:
    receiver = receivers[0]
    name = add_client_with_logout_uri(installation.engine, f"{receiver.url}/logout")
    (killed,) = installation.start("notify")
    receiver.hang()
    add_pending_logouts(installation.engine, name, 6)
    receiver.wait_for(4)

    killed.kill()
    receiver.release()
    with installation.engine.begin() as connection:  # otherwise the test would wait for the end of the leases
        connection.execute(text("UPDATE logouts SET leased_until = :now"), {"now": datetime.now(UTC)})
    installation.start("notify")
    wait_until(lambda: not waiting(installation), what="all logouts to be delivered")

    assert outcomes(installation) == {("told", True)}
    assert len(receiver.received) == 10


@pytest.mark.rule("OIDC-22", "OPS-7")
def test_a_stop_waits_for_running_tries(
    installation_on_postgresql: Installation, receivers: list[LogoutReceiver]
) -> None:
    installation, receiver = installation_on_postgresql, receivers[0]
    name = add_client_with_logout_uri(installation.engine, f"{receiver.url}/logout")
    (notify,) = installation.start("notify")
    receiver.hang()
    add_pending_logouts(installation.engine, name, 5)
    receiver.wait_for(4)

    code = notify.stop()

    left = installation.rows("SELECT tries, outcome, leased_until FROM logouts ORDER BY id")
    assert code == 0
    assert "notify stopped" in notify.output
    assert [(row.tries, row.outcome, row.leased_until) for row in left] == [
        *[(1, "timeout", None)] * 4,
        (0, None, None),
    ]


@pytest.mark.rule("OIDC-22", "OPS-4")
def test_metrics_and_readiness_show_waiting_logouts(
    installation_on_postgresql: Installation, receivers: list[LogoutReceiver]
) -> None:
    installation, ports = installation_on_postgresql, MetricsHealthPorts()
    receiver = receivers[0]
    name = add_client_with_logout_uri(installation.engine, f"{receiver.url}/logout")
    installation.start("notify", **ports.settings)
    receiver.answers = [400, 503]
    add_pending_logouts(installation.engine, name, 3)
    wait_until(lambda: waiting(installation) <= 1, what="two logouts to be done")
    wait_until(lambda: ports.scrape("notify").value("identity_logouts_total") >= 3, what="three tries")

    scrape = ports.scrape("notify")

    tries = {
        outcome: scrape.value("identity_logouts_total", outcome=outcome)
        for outcome in ("told", "retried", "set_aside")
    }
    assert tries["set_aside"] == tries["retried"] == 1
    assert scrape.value("identity_logout_seconds_count") == tries["told"] >= 1
    assert scrape.value("identity_signing_keys", alg="ES256") == 1
    assert scrape.value("identity_notify_failures_total") == 0
    assert [ports.get("notify", path).status_code for path in ("/livez", "/readyz")] == [200, 200]


@pytest.mark.rule("OIDC-22", "OPS-5")
@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"IDENTITY_OIDC_KEYS": ""}, "IDENTITY_OIDC_KEYS"),
        ({"IDENTITY_OIDC_KEYS": '{"keys": []}'}, "IDENTITY_OIDC_KEYS"),
        ({"IDENTITY_MODE": "production"}, "IDENTITY_PUBLIC_URL"),
        ({"IDENTITY_PUBLIC_URL": "https://identity.example"}, "IDENTITY_PUBLIC_URL"),
        ({"IDENTITY_NOTIFY_METRICS_BIND": "nowhere"}, "IDENTITY_NOTIFY_METRICS_BIND"),
    ],
)
def test_notify_refuses_to_start_with_unsafe_settings(
    installation_on_sqlite: Installation, settings: dict[str, str], named: str
) -> None:
    refused = run_preloaded(
        "identity", "notify", environment={**installation_on_sqlite.environment, **settings}
    )

    assert refused.returncode == 2
    assert named in refused.stderr
