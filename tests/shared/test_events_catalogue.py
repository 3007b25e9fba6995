"""The catalogue lists every event, and the generated documents match it."""

import io
import json
from dataclasses import FrozenInstanceError
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from port_events import documents
from port_events.catalogue import (
    CATALOGUE,
    AccountProfileChanged,
    BindingRemoved,
    EventData,
    EventType,
    UnknownEvent,
    event_type_of,
    parse_data,
)
from port_events.documents.__main__ import main
from port_events.documents.examples import example_event
from port_events.documents.schema import data_schema
from port_events.envelope import from_json, to_json

from tests.shared.builders import REMOVED, an_event

LINES = list(CATALOGUE.values())
FACTS = {
    "account.registered",
    "account.email_verified",
    "account.approved",
    "account.rejected",
    "account.profile_changed",
    "account.email_changed",
    "account.password_changed",
    "account.suspended",
    "account.reinstated",
    "account.closed",
    "binding.requested",
    "binding.verified",
    "binding.removed",
}
MAIL_REQUESTS = {
    "verification.requested",
    "bind_code.issued",
    "email_change.requested",
    "email_change.announced",
    "email_change.cancelled",
    "password_reset.requested",
    "registration.conflicted",
    "usernames.requested",
}
# Any consumer may read ids, usernames, public company numbers, and codes from a fixed list.
OPEN_FIELDS = {"kind", "username", "tax_id", "fields", "reason", "binding_id", "link_account_id"}


def schema_of(line: EventType) -> Any:
    return json.loads(shipped(f"{line.document_name}.json"))


def shipped(name: str) -> str:
    return files("port_events.documents").joinpath(name).read_text(encoding="utf-8")


@pytest.mark.rule("EVT-1", "EVT-3")
def test_the_catalogue_lists_exactly_the_published_events() -> None:
    assert {line.short for line in LINES if line.family == "fact"} == FACTS
    assert {line.short for line in LINES if line.family == "mail_request"} == MAIL_REQUESTS
    assert all(line.type == f"tw.port.identity.{line.short}" for line in LINES)


@pytest.mark.parametrize("line", LINES, ids=str)
def test_every_event_has_a_summary_and_its_version_in_its_dataschema(line: EventType) -> None:
    assert line.summary.endswith(".")
    assert line.dataschema == f"urn:tw:port:identity:{line.short}:v{line.version}"


@pytest.mark.rule("EVT-4")
def test_no_event_has_a_field_for_personal_data_outside_the_sealed_part() -> None:
    names = {name for line in LINES for name in data_schema(line.data_class)["properties"]}

    assert names == OPEN_FIELDS


@pytest.mark.rule("EVT-4")
def test_reasons_are_codes_of_a_fixed_list() -> None:
    reasons = [data_schema(line.data_class)["properties"].get("reason") for line in LINES]

    assert all("enum" in reason for reason in reasons if reason)


@pytest.mark.rule("EVT-3")
def test_the_packaged_documents_match_the_catalogue() -> None:
    assert documents.stale() == []


@pytest.mark.rule("EVT-3")
@pytest.mark.parametrize("line", LINES, ids=str)
def test_the_golden_example_satisfies_its_schema_and_the_envelope(line: EventType) -> None:
    example = shipped(f"{line.document_name}.example.json")

    jsonschema_rs.Draft202012Validator(schema_of(line), validate_formats=True).validate(json.loads(example))

    assert from_json(example) == example_event(line)
    assert json.loads(to_json(from_json(example))) == json.loads(example)
    assert event_type_of(parse_data(from_json(example))) is line


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_schema_refuses_an_event_of_another_version_or_with_a_missing_field(line: EventType) -> None:
    validator = jsonschema_rs.Draft202012Validator(schema_of(line), validate_formats=True)
    example = json.loads(shipped(f"{line.document_name}.example.json"))

    assert not validator.is_valid({**example, "dataschema": line.dataschema + "0"})
    assert not validator.is_valid({**example, "time": "yesterday"})
    assert all(not validator.is_valid(without(example, name)) for name in example if name != "traceparent")
    assert all(
        not validator.is_valid({**example, "data": without(example["data"], name)})
        for name in example["data"]
    )


def without(members: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in members.items() if key != name}


@pytest.mark.rule("EVT-3")
def test_asyncapi_names_every_stream_and_every_event() -> None:
    document = json.loads(shipped("asyncapi.json"))

    assert document["asyncapi"] == "3.0.0"
    assert [each["address"] for each in document["channels"].values()] == [
        "identity.events",
        "identity.mails",
        "mailer.receipts",
    ]
    messages = document["components"]["messages"]
    assert {message["name"] for message in messages.values()} == {*CATALOGUE, "receipt"}
    for channel in document["channels"].values():
        for reference in channel["messages"].values():
            assert reference["$ref"].removeprefix("#/components/messages/") in messages


def test_stale_missing_and_unknown_documents_are_listed(tmp_path: Path) -> None:
    documents.write(tmp_path)
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "tw.port.identity.account.closed.v1.json").unlink()
    (tmp_path / "tw.port.identity.account.gone.v1.json").write_text("{}")

    stale = [
        "asyncapi.json",
        "tw.port.identity.account.closed.v1.json",
        "tw.port.identity.account.gone.v1.json",
    ]
    assert documents.stale(tmp_path) == stale
    assert documents.write(tmp_path) == stale
    assert documents.stale(tmp_path) == []


def test_the_check_command_fails_for_stale_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    assert main(["check"], out) == 0

    monkeypatch.setattr("port_events.documents.__main__.stale", lambda: ["asyncapi.json"])

    assert main(["check"], out) == 1
    assert out.getvalue() == "stale: asyncapi.json\n"


def test_data_is_parsed_into_its_class_and_unknown_fields_are_ignored() -> None:
    event = an_event(data={**REMOVED.as_json(), "added": "later"})

    assert parse_data(event) == REMOVED
    assert parse_data(an_event(AccountProfileChanged(fields=("name", "mobile")))) == AccountProfileChanged(
        fields=("name", "mobile"),
    )


def test_an_event_of_another_type_or_version_is_unknown() -> None:
    with pytest.raises(UnknownEvent):
        parse_data(an_event(type="tw.port.identity.account.renamed"))
    with pytest.raises(UnknownEvent):
        parse_data(an_event(dataschema="urn:tw:port:identity:binding.removed:v2"))


def test_data_without_a_required_field_is_refused() -> None:
    with pytest.raises(ValueError, match="reason"):
        parse_data(an_event(data=without(REMOVED.as_json(), "reason")))


def test_data_of_an_unlisted_class_is_unknown() -> None:
    class Invented(EventData):
        type = "tw.port.identity.invented"

    with pytest.raises(UnknownEvent):
        event_type_of(Invented())


def test_events_are_frozen() -> None:
    removed: Any = BindingRemoved(binding_id="b", link_account_id="l", reason="link")

    with pytest.raises(FrozenInstanceError):
        removed.reason = "general"
