"""Every process logs JSON lines, with UTC times and with identifiers that connect a request to its mail (OPS-4)."""

import json
import os
import signal
from datetime import datetime, timedelta
from typing import Any

import pytest
from port_runtime.secret import MASK

from tests.support.actors.people import registration
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until


def _lines(installation: Installation) -> list[dict[str, Any]]:
    return [json.loads(line) for line in installation.logs().splitlines() if line]


@pytest.mark.rule("OPS-4")
def test_every_line_of_every_process_is_an_object_with_time_level_service_and_event(
    installation: Installation,
) -> None:
    web, relay, mailer = installation.start("web", "relay", "mailer")
    installation.logged_in(installation.person())
    installation.wait_for_mails()
    children = web.children()
    os.kill(children[0], signal.SIGKILL)
    wait_until(lambda: len(set(web.children()) - {children[0]}) == len(children), what="a new worker")
    for part in (web, relay, mailer):
        part.stop()

    lines = _lines(installation)

    assert {line["service"] for line in lines} == {"identity", "mailer"}
    for line in lines:
        assert list(line)[:4] == ["time", "level", "service", "event"]
        assert line["time"].endswith("Z")
        assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta(0)


@pytest.mark.rule("OPS-4")
def test_log_identifiers_connect_a_request_to_its_mail(
    installation_on_sqlite: Installation,
) -> None:
    installation = installation_on_sqlite
    installation.start("web", "relay", "mailer")

    installation.visitor().get("/session", **{"X-Request-ID": "token=hush"})
    answer = installation.visitor().post(
        "/accounts", registration("link"), **{"X-Request-ID": "from-the-ingress-1"}
    )
    installation.wait_for_mails()
    lines = _lines(installation)

    (request,) = [line for line in lines if line.get("request_id") == answer.headers["X-Request-ID"]]
    (sent,) = [line for line in lines if line["event"] == "mail_sent"]
    verification = next(
        event for event in installation.events() if event.type.endswith("verification.requested")
    )
    assert request["client_request_id"] == "from-the-ingress-1"
    (masked,) = [line for line in lines if line.get("route") == "/api/v1/session"]
    assert masked["client_request_id"] == f"token={MASK}"
    assert (request["event"], request["route"], request["status"]) == ("request", "/api/v1/accounts", 202)
    assert sent["event_id"] == verification.id
    assert request["trace_id"] == sent["trace_id"] == str(verification.traceparent)[3:35]
