"""One trace from the HTTP request through outbox, stream and queue to the mail server's answer (OPS-4)."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from urllib.parse import urlsplit

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.actors.people import registration
from tests.support.harness.installation import Installation
from tests.support.harness.polling import wait_until
from tests.support.harness.processes import run_preloaded
from tests.support.harness.system import System
from tests.support.servers.trace_collector import ReceivedSpan, TraceCollector, run_trace_collector

CALLER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
TRACE = CALLER[3:35]
MALFORMED = (
    "",
    "00",
    CALLER.upper(),
    CALLER.replace("00-4", "ff-4"),
    f"00-{'0' * 32}-{'a' * 16}-01",
    f"{CALLER}x",
)


@pytest.fixture
def collector() -> Iterator[TraceCollector]:
    with run_trace_collector() as collector:
        yield collector


def _register(installation: Installation, **headers: str) -> httpx.Response:
    answer = installation.visitor().post("/accounts", registration("link"), **headers)
    assert answer.status_code == 202, answer.text
    return answer


def _of_trace(collector: TraceCollector, trace_id: str) -> dict[str, ReceivedSpan]:
    return {each.name: each for each in collector.spans if each.trace_id == trace_id}


@pytest.mark.rule("OPS-4", "MAIL-7")
def test_a_registration_is_one_trace_from_its_request_to_the_mail_servers_answer(
    installation: Installation, collector: TraceCollector
) -> None:
    installation.start("web", "relay", "mailer", **collector.settings)

    answer = _register(installation, traceparent=CALLER)
    installation.wait_for_mails()
    names = {
        "POST /api/v1/accounts",
        "publish identity.events",
        "receive identity.mails",
        "deliver identity.mails",
        "smtp send",
    }
    wait_until(lambda: names <= _of_trace(collector, TRACE).keys(), what="all spans", timeout_seconds=30)

    spans = _of_trace(collector, TRACE)
    request, publish = spans["POST /api/v1/accounts"], spans["publish identity.events"]
    receive, deliver = (
        spans["receive identity.mails"],
        spans["deliver identity.mails"],
    )
    send = spans["smtp send"]
    assert request.span.parent_span_id.hex() == CALLER[36:52]
    for each in (publish, receive, deliver):
        assert each.span.parent_span_id == request.span.span_id
    assert send.span.parent_span_id == deliver.span.span_id
    assert [each.service for each in (request, publish, receive, send)] == [
        "identity",
        "identity-relay",
        "mailer",
        "mailer",
    ]
    assert [each.span.kind for each in (request, publish, receive, deliver, send)] == [
        Span.SPAN_KIND_SERVER,
        Span.SPAN_KIND_PRODUCER,
        Span.SPAN_KIND_CLIENT,
        Span.SPAN_KIND_CONSUMER,
        Span.SPAN_KIND_CLIENT,
    ]
    assert {each.version for each in spans.values()} == {version("identity")}
    assert (send.attributes["server.address"], send.attributes["server.port"]) == (
        "127.0.0.1",
        urlsplit(installation.smtp.url).port,
    )
    assert request.attributes["http.response.status_code"] == 202
    assert request.attributes["request_id"] == answer.headers["X-Request-ID"]
    assert send.attributes["smtp.answer"] == "accepted"
    assert request.span.start_time_unix_nano <= publish.span.start_time_unix_nano
    assert publish.span.start_time_unix_nano <= send.span.end_time_unix_nano


@pytest.mark.rule("OPS-4", "SEC-9")
def test_spans_contain_no_address_no_name_and_no_query(
    installation_on_sqlite: Installation, collector: TraceCollector
) -> None:
    installation = installation_on_sqlite
    installation.start("web", "relay", "mailer", **collector.settings)

    person = installation.person("link")
    httpx.get(f"{installation.url}/email/verify?token=abc.def-ghi", trust_env=False)
    installation.wait_for_mails()
    wait_until(lambda: "GET /email/verify" in {each.name for each in collector.spans}, what="the page's span")

    assert {key for each in collector.spans for key in each.attributes} <= {
        "http.request.method",
        "http.route",
        "http.response.status_code",
        "request_id",
        "messaging.system",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.destination.name",
        "messaging.consumer.group.name",
        "messaging.message.id",
        "cloudevents.event_type",
        "network.protocol.name",
        "server.address",
        "server.port",
        "smtp.answer",
        "error.type",
    }
    for personal in (person.email, person.username, person.id, "abc.def-ghi", "token"):
        assert personal not in collector.text
    addresses = {
        key for each in collector.spans for key, value in each.attributes.items() if value == "127.0.0.1"
    }
    assert addresses <= {"server.address"}


@pytest.mark.rule("OPS-4", "MAIL-5")
def test_a_refusal_of_the_mail_server_is_in_its_span_by_category(
    installation_on_sqlite: Installation, collector: TraceCollector
) -> None:
    installation = installation_on_sqlite
    installation.smtp.refuse(code=550, text="5.1.1 No such user")
    installation.start("web", "relay", "mailer", **collector.settings)

    _register(installation, traceparent=CALLER)
    installation.wait_for_mails()
    wait_until(lambda: "smtp send" in _of_trace(collector, TRACE), what="the span")

    sent = _of_trace(collector, TRACE)["smtp send"].attributes
    assert (sent["smtp.answer"], sent["error.type"]) == ("mailbox_unknown", "RefusedError")
    assert "No such user" not in collector.text


@pytest.mark.rule("OPS-4", "EVT-3")
def test_without_a_collector_the_callers_trace_context_is_in_events_and_logs(
    installation_on_sqlite: Installation,
) -> None:
    installation = installation_on_sqlite
    installation.start("web", "relay", "mailer")

    _register(installation, traceparent=CALLER)
    installation.wait_for_mails()

    lines = [json.loads(line) for line in installation.logs().splitlines() if line.startswith("{")]
    assert {event.traceparent for event in installation.events()} == {CALLER}
    of_trace = [line for line in lines if line.get("trace_id") == TRACE]
    assert {line["service"] for line in of_trace} == {"identity", "mailer"}
    assert {line["span_id"] for line in of_trace} == {CALLER[36:52]}


@pytest.mark.rule("OPS-4", "SEC-13")
@pytest.mark.parametrize("header", MALFORMED)
def test_an_invalid_traceparent_is_replaced_by_an_unsampled_one(system: System, header: str) -> None:
    person = system.visitor().post("/accounts", registration(), traceparent=header).json()

    events = system.events(person["id"])

    assert len({event.traceparent for event in events}) == 1
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00", str(events[0].traceparent))
    assert str(events[0].traceparent)[3:35] not in header


@pytest.mark.rule("OPS-4")
def test_an_unreachable_collector_affects_no_request_and_no_mail(
    installation_on_sqlite: Installation, collector: TraceCollector
) -> None:
    installation = installation_on_sqlite
    nobody = {
        **collector.settings,
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_BSP_EXPORT_TIMEOUT": "200",
    }
    installation.start("web", "relay", "mailer", **nobody)

    person = installation.person()

    assert installation.logged_in(person).get("/session").status_code == 200


@pytest.mark.rule("OPS-4", "OPS-5")
@pytest.mark.parametrize("command", [("identity", "serve"), ("identity", "relay"), ("mailer", "run")])
def test_an_unsupported_protocol_stops_the_start_with_one_line(
    installation_on_sqlite: Installation, command: tuple[str, str]
) -> None:
    wrong = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}

    ended = run_preloaded(*command, environment={**installation_on_sqlite.environment, **wrong})

    assert ended.returncode == 2
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert lines == ["OTEL_EXPORTER_OTLP_PROTOCOL: must be http/protobuf"]
