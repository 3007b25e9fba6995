"""After a failover of PostgreSQL, identity continues on the new primary while the old primary answers (OPS-7)."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from port_events.envelope import STREAM
from port_runtime.settings import load

from tests.support.actors.people import registration
from tests.support.harness.measurements import report_figure
from tests.support.harness.polling import wait_until
from tests.support.harness.system import Servers, System
from tests.support.servers.lifecycle import started
from tests.support.servers.postgres import PostgresCluster
from tests.support.servers.tcp_proxy import Proxy

MAX_SECONDS = 30


@contextmanager
def _running(relay: Relay) -> Iterator[None]:
    thread = threading.Thread(target=relay.run, daemon=True)
    thread.start()
    yield
    relay.stop()
    thread.join(20)


@pytest.fixture
def primary(postgres: PostgresCluster) -> Iterator[PostgresCluster]:
    """The session's cluster, which the test may make read-only."""
    yield postgres
    postgres.make_writable()


@pytest.mark.rule("OPS-7", "EVT-2", "MAIL-3")
def test_web_and_relay_continue_on_the_promoted_standby(
    servers: Servers, postgresql_url: str, primary: PostgresCluster
) -> None:
    with ExitStack() as stack:
        standby = stack.enter_context(started(PostgresCluster(fsync=False, primary=primary)))
        address = stack.enter_context(started(Proxy(primary.port)))
        url = postgresql_url.replace(f":{primary.port}/", f":{address.port}/")
        system = System(servers, url, stack, own_app=True)
        both_hosts = {"IDENTITY_DATABASE_URL": _url_of_both(postgresql_url, standby)}
        relay = Relay(load(RelaySettings, {**system.environment, **both_hosts}), clock=system.clock)
        stack.enter_context(_running(relay))
        people = [system.register()]
        _wait_for_receipts(system, 1)

        primary.make_read_only()
        refused = system.visitor().post("/accounts", registration())
        wait_until(
            lambda: standby.position() >= primary.position(), what="the standby to have replayed all changes"
        )
        standby.promote()
        address.target_port = standby.port  # connections to the old primary stay open
        began = time.monotonic()
        wait_until(lambda: _can_register(system), what="the new primary to be used")
        people += [system.register() for _ in range(2)]
        _wait_for_receipts(system, 4)
        seconds = time.monotonic() - began

        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        report_figure(
            f"PostgreSQL's failover: {seconds:.2f} s to a registration and its mail; none lost or duplicated"
        )
        assert seconds < MAX_SECONDS
        assert [system.mailbox.count(person.email) for person in people] == [1] * 3
        outbox = system.rows("SELECT event_id, position FROM outbox ORDER BY position")
        assert [row.position for row in outbox] == list(range(1, 9))
        assert _published(system, {row.event_id for row in outbox}) == [row.event_id for row in outbox]


def _url_of_both(url: str, standby: PostgresCluster) -> str:
    """Return a URL with both hosts, of which libpq chooses the writable server."""
    before, _, rest = url.partition("@")
    host, _, database = rest.partition("/")
    hosts = f"host={host}&host=127.0.0.1:{standby.port}"
    return f"{before}@/{database}?{hosts}&target_session_attrs=read-write"


def _can_register(system: System) -> bool:
    """Register; return whether it succeeded. The first request on each pool of old connections fails."""
    return system.visitor().post("/accounts", registration()).status_code == 202


def _published(system: System, event_ids: set[str]) -> list[str]:
    """Return which of these events are in the stream, in stream order. Other tests may leave malformed entries."""
    with system.redis.client() as client:
        entries = [str(fields) for _, fields in client.xrange(STREAM)]
    return [event_id for fields in entries for event_id in event_ids if event_id in fields]


def _wait_for_receipts(system: System, count: int) -> None:
    wait_until(
        lambda: len(system.rows("SELECT 1 FROM outbox WHERE mail_state = 'sent'")) == count,
        what=f"{count} receipts",
    )
