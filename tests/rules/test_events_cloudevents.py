"""Published events and golden examples are CloudEvents 1.0 according to the CloudEvents SDK (EVT-3)."""

import json
from importlib.resources import files
from typing import Any

import pytest
from cloudevents.core.exceptions import BaseCloudEventException
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from port_events.catalogue import CATALOGUE, EventType

from tests.support.actors.people import TAX_IDS
from tests.support.harness.system import System

LINES = list(CATALOGUE.values())


def read_by_sdk(document: str) -> dict[str, Any]:
    """Return the attributes that the SDK reads. Raises the SDK's error for a malformed CloudEvent."""
    attributes: dict[str, Any] = JSONFormat().read(CloudEvent, document).get_attributes()
    return attributes


@pytest.mark.rule("EVT-3")
@pytest.mark.parametrize("line", LINES, ids=str)
def test_every_golden_example_is_a_cloudevent(line: EventType) -> None:
    document = (
        files("port_events.documents").joinpath(f"{line.document_name}.example.json").read_text("utf-8")
    )

    attributes = read_by_sdk(document)

    assert (attributes["type"], attributes["dataschema"]) == (line.type, line.dataschema)
    assert attributes["time"].tzinfo is not None


@pytest.mark.rule("EVT-3")
def test_every_event_of_the_running_system_is_a_cloudevent(system: System) -> None:
    general = system.person(company={"tax_id": TAX_IDS[1]})
    link = system.logged_in(system.person("link"))
    binding_id = system.bind_and_verify(link, general)
    link.delete(f"/bindings/{binding_id}")
    own = system.logged_in(general)
    own.put("/account/password", {"current": general.password, "new": "Another-Crane-78!"})
    system.visitor().post("/password-resets", {"username": general.username, "email": general.email})
    system.events()

    published = [
        json.loads(fields[b"ce"])
        for _, fields in system._entries()  # noqa: SLF001 - the stored entry, not decoded
    ]

    assert len({each["type"] for each in published}) >= 9
    for each in published:
        attributes = read_by_sdk(json.dumps(each))
        assert attributes["subject"] == each["subject"]
        assert JSONFormat().read(CloudEvent, json.dumps(each)).get_data() == each["data"]


@pytest.mark.rule("EVT-3")
@pytest.mark.parametrize(
    "change", [{"source": ""}, {"id": ""}, {"specversion": "2.0"}, {"Upper": "x"}, {"subject": ""}], ids=str
)
def test_the_validator_refuses_a_malformed_cloudevent(change: dict[str, str]) -> None:
    example = files("port_events.documents").joinpath("tw.port.identity.account.closed.v1.example.json")

    with pytest.raises(BaseCloudEventException):
        read_by_sdk(json.dumps({**json.loads(example.read_text("utf-8")), **change}))
