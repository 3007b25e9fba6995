"""An example of each event, for the tests of consumers in any language."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from port_events.documents.schema import data_example
from port_events.envelope import SOURCE, Event, to_json

if TYPE_CHECKING:
    from port_events.catalogue import EventType

EXAMPLE_ID: Final = "0199a3f1-0b5e-7a3c-b6f0-3c1d2e4f5a66"
EXAMPLE_SUBJECT: Final = "0199a3f0-5d2b-7e19-a4c8-7b9d0e1f2a33"
EXAMPLE_TIME: Final = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
EXAMPLE_TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def example_event(event_type: EventType) -> Event:
    return Event(
        id=EXAMPLE_ID,
        type=event_type.type,
        source=SOURCE,
        subject=EXAMPLE_SUBJECT,
        time=EXAMPLE_TIME,
        sequence=3,
        dataschema=event_type.dataschema,
        data=data_example(event_type.data_class),
        traceparent=EXAMPLE_TRACE,
    )


def example_document(event_type: EventType) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(to_json(example_event(event_type)))
    return document
