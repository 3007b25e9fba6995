"""PostgreSQL's log of the outbox and the shipped settings suit Debezium's event router (EVT-2, EVT-7).

The test applies the router's documented rules itself.
https://debezium.io/documentation/reference/stable/transformations/outbox-event-router.html
"""

import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from port_events.envelope import from_json

from tests.support import ROOT
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

DEBEZIUM = ROOT / "deploy/debezium"
SLOT = "identity_outbox_of_a_test"
DEFAULTS = {
    "route.topic.regex": "(?<routedByValue>.*)",
    "route.topic.replacement": "outbox.event.${routedByValue}",
    "route.by.field": "aggregatetype",
    "table.field.event.id": "id",
    "table.field.event.key": "aggregateid",
    "table.field.event.payload": "payload",
    "table.fields.additional.placement": "",
}


@dataclass(frozen=True)
class Message:
    """The message that the router emits for a new row."""

    topic: str
    key: str
    value: str
    headers: dict[str, str]


def options() -> dict[str, str]:
    text = (DEBEZIUM / "application.properties").read_text()
    found = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    prefix = "debezium.transforms.outbox."
    ours = {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix)}
    assert ours.pop("type") == "io.debezium.transforms.outbox.EventRouter"
    assert set(ours) <= set(DEFAULTS), "the router has no such option"
    return DEFAULTS | ours


def route(row: dict[str, str]) -> Message:
    """Apply the router's documented rules. Raises KeyError if an option names a column that the row lacks."""
    rules = options()
    headers = {"id": row[rules["table.field.event.id"]]}
    for each in filter(None, rules["table.fields.additional.placement"].split(",")):
        column, placement, alias = each.split(":")
        assert placement == "header"
        headers[alias] = row[column]
    pattern = rules["route.topic.regex"].replace("(?<", "(?P<")
    replacement = re.sub(r"\$\{(\w+)}", r"\\g<\1>", rules["route.topic.replacement"])
    return Message(
        topic=re.sub(f"^{pattern}$", replacement, row[rules["route.by.field"]]),
        key=row[rules["table.field.event.key"]],
        value=row[rules["table.field.event.payload"]],
        headers=headers,
    )


def decode(messages: list[bytes]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each change's kind, and the row of an insert (PostgreSQL manual, "Logical Replication Message Formats")."""
    columns: list[str] = []
    for message in messages:
        kind = chr(message[0])
        if kind == "R":
            names = message[5:].split(b"\0", 2)[2]
            columns = _columns(names[1:])
        elif kind == "I":
            yield kind, dict(zip(columns, _values(message[6:]), strict=True))
        elif kind in "UD":
            yield kind, {}


def _columns(data: bytes) -> list[str]:
    (number,), data = struct.unpack("!h", data[:2]), data[2:]
    found = []
    for _ in range(number):
        name, _, rest = data[1:].partition(b"\0")
        found.append(name.decode())
        data = rest[8:]
    return found


def _values(data: bytes) -> Iterator[str]:
    (number,), data = struct.unpack("!h", data[:2]), data[2:]
    for _ in range(number):
        assert data[:1] == b"t"
        (size,) = struct.unpack("!i", data[1:5])
        yield data[5 : 5 + size].decode()
        data = data[5 + size :]


@contextmanager
def capture(system: System) -> Iterator["psycopg.Connection[Any]"]:
    url = system.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "DO $$ BEGIN CREATE ROLE debezium; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.execute((DEBEZIUM / "publication.sql").read_bytes())
        connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", [SLOT])
        try:
            yield connection
        finally:
            connection.execute("SELECT pg_drop_replication_slot(%s)", [SLOT])


def changes(connection: "psycopg.Connection[Any]") -> list[tuple[str, dict[str, str]]]:
    rows = connection.execute(
        "SELECT data FROM pg_logical_slot_get_binary_changes"
        "(%s, NULL, NULL, 'proto_version', '1', 'publication_names', 'identity_outbox')",
        [SLOT],
    ).fetchall()
    return list(decode([data for (data,) in rows]))


@pytest.mark.rule("EVT-2", "EVT-7")
def test_the_event_router_emits_every_event_once_without_its_sealed_part(
    start_system_on_postgresql: StartSystem,
) -> None:
    system = start_system_on_postgresql()
    with capture(system) as connection:
        person = system.person()
        system.logged_in(person)
        system.publish()  # publishing updates the rows
        found = changes(connection)
        expected = system.rows("SELECT event_id, type, subject, ce FROM outbox ORDER BY id")

    messages = [route(row) for _, row in found]
    assert {kind for kind, _ in found} == {"I"}
    assert [(m.headers["id"], m.headers["type"], m.key, m.value) for m in messages] == [
        tuple(each) for each in expected
    ]
    assert {m.topic for m in messages} == {"identity.outbox"}
    assert [from_json(m.value).id for m in messages] == [m.headers["id"] for m in messages]
    assert {"sealed"} & {column for _, row in found for column in row} == set()
    assert system.rows("SELECT 1 FROM outbox WHERE mail_state IS NOT NULL")
