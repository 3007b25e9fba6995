"""Anchors record the end of the audit chain elsewhere, which reveals missing rows at the end (SEC-11)."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from identity.metrics.relay import RELAY
from identity.processes.relay import Relay
from identity.settings.relay import RelaySettings
from identity.usecases.audit.chaining import extend
from port_runtime.metrics import Instruments
from port_runtime.settings import load
from structlog.testing import capture_logs

from tests.support.harness.audit_chain import keys, open_chain, tamper
from tests.support.harness.commands import invoke
from tests.support.harness.system import System
from tests.support.servers.lifecycle import serve_http

CUT = (
    "DELETE FROM audit WHERE place >= (SELECT first FROM audit_segments WHERE number = 3)",
    "DELETE FROM audit_segments WHERE number >= 3",
)
EMPTIED = ("DELETE FROM audit", "DELETE FROM audit_segments")
FORGET = "DELETE FROM audit_anchor"
SET_BACK = (
    "UPDATE audit_anchor SET segment = 2, rows = (SELECT last FROM audit_segments WHERE number = 2),"
    " head = (SELECT head FROM audit_segments WHERE number = 2)"
)
TAMPERED = {
    "cut": CUT,
    "emptied, with its anchor": (*EMPTIED, FORGET),
    "truncated, with its anchor set back": (*CUT, SET_BACK),
}


@pytest.fixture
def instruments() -> Instruments:
    return Instruments(RELAY)


@pytest.fixture
def chained(system: System, instruments: Instruments) -> Iterator[System]:
    """A log with three segments, and a relay that counts with `instruments`."""
    usual = system.relay
    system.relay = Relay(load(RelaySettings, system.environment), clock=system.clock, instruments=instruments)
    for _ in range(3):
        system.register()
        system.relay.extend_chain()
    yield system
    system.relay.close()
    system.relay = usual


def verify(system: System, *arguments: str, **settings: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        invoke(system, "audit", "verify", "--json", *arguments, **settings).stdout
    )
    return found


def truncated(instruments: Instruments) -> float | None:
    return instruments.registry().get_sample_value("identity_audit_truncated")


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize("how", TAMPERED)
def test_the_relay_and_verify_detect_missing_rows_at_the_end(
    chained: System, instruments: Instruments, how: str
) -> None:
    before = truncated(instruments), verify(chained)["ok"]
    tamper(chained, *TAMPERED[how])

    found = verify(chained)
    with capture_logs() as logs:
        for _ in range(3):  # the chain becomes longer than the recorded end
            chained.register()
            chained.relay.extend_chain()

    assert before == (0, True)
    assert (found["ok"], "missing" in found["how"]) == (False, True)
    assert [each["segment"] for each in logs if each["event"] == "audit log truncated"] == [3]
    assert (truncated(instruments), verify(chained)["ok"]) == (1, False)


@pytest.mark.rule("SEC-11")
def test_verify_fails_while_no_end_is_recorded(chained: System) -> None:
    tamper(chained, *EMPTIED, FORGET)

    found = invoke(chained, "audit", "verify", REDIS_URL="")

    assert (found.exit_code, "no end of the chain is recorded" in found.output) == (1, True)


@pytest.mark.rule("SEC-11")
def test_verify_fails_with_one_line_while_redis_is_unavailable(chained: System) -> None:
    found = invoke(chained, "audit", "verify", REDIS_URL="redis://127.0.0.1:1/0")

    assert (found.exit_code, found.output) == (1, "Error: Redis: ConnectionError\n")


@pytest.mark.rule("SEC-11")
def test_a_file_of_anchors_reveals_rows_removed_later(chained: System, tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    for _ in range(2):
        chained.register()
        chained.relay.extend_chain()
        invoke(chained, "audit", "anchor", "--file", str(file))
    whole = verify(chained, "--anchor", str(file))
    tamper(chained, *CUT, FORGET)

    found = verify(chained, "--anchor", str(file), REDIS_URL="")

    assert (whole["ok"], found["ok"], file.stat().st_mode & 0o777) == (True, False, 0o600)
    assert "segment 5" in found["how"]


@pytest.mark.rule("SEC-11")
def test_anchors_older_than_the_pruned_rows_still_verify(chained: System, tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    invoke(chained, "audit", "anchor", "--file", str(file))
    chained.clock.advance(days=401)
    chained.register()
    chained.relay.extend_chain()
    invoke(chained, "tidy")
    chained.relay.extend_chain()
    chained.clock.advance(days=401)
    invoke(chained, "tidy")

    found = verify(chained, "--anchor", str(file))

    assert (found["ok"], found["first"] > 6) == (True, True), found


@pytest.mark.rule("SEC-11")
def test_an_anchor_is_printed_and_posted_unless_it_is_forged(chained: System) -> None:
    received: list[dict[str, Any]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with serve_http(HTTPServer(("127.0.0.1", 0), Receiver)) as url:
        printed = invoke(chained, "audit", "anchor", "--post", url)
        nowhere = invoke(chained, "audit", "anchor", "--post", "file:///etc/passwd")
        tamper(chained, "UPDATE audit_segments SET head = 'f' WHERE number = 3")
        forged = invoke(chained, "audit", "anchor", "--post", url)
    refused = invoke(chained, "audit", "anchor", "--post", url)

    assert received == [json.loads(printed.stdout)]
    assert (received[0]["segment"], received[0]["rows"]) == (3, 6)
    assert (printed.exit_code, nowhere.exit_code, forged.exit_code, refused.exit_code) == (0, 2, 1, 1)


@pytest.mark.rule("SEC-11")
def test_accepting_an_end_clears_the_alarm_and_is_recorded(chained: System, instruments: Instruments) -> None:
    tamper(chained, *CUT)
    chained.relay.extend_chain()
    alarm = truncated(instruments)

    accepted = invoke(chained, "audit", "accept", "--operator", "chen", "--reason", "restored from a backup")
    chained.relay.extend_chain()

    (row,) = chained.audit("audit.end_accepted")
    assert (alarm, accepted.exit_code, truncated(instruments)) == (1, 0, 0)
    assert (row.actor, row.reason, list(json.loads(row.detail)["missing"])) == (
        "chen",
        "restored from a backup",
        ["3"],
    )
    assert verify(chained)["ok"]


@pytest.mark.rule("SEC-11")
def test_a_relay_of_the_previous_release_raises_no_alarm(chained: System, instruments: Instruments) -> None:
    with open_chain(chained) as chain:  # the older relay chains rows, but records no end
        chained.register()
        extend(chain, keys(), chained.clock.now())
    behind = verify(chained)

    chained.relay.extend_chain()

    assert (behind["ok"], truncated(instruments), verify(chained)["ok"]) == (True, 0, True)


@pytest.mark.rule("SEC-11")
def test_the_end_is_recorded_again_after_redis_lost_all_data(
    chained: System, instruments: Instruments
) -> None:
    epoch = chained.rows("SELECT epoch FROM outbox_epoch")[0].epoch
    key = f"identity.events:mark:{epoch}:audit"
    with chained.redis.client() as redis:
        redis.delete(key)

        chained.relay.extend_chain()

        assert json.loads(redis.get(key))["segment"] == 3
    assert truncated(instruments) == 0
