"""Events survive a round trip through a stream entry, and invalid entries are refused."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from port_events.envelope import Entry, Event, MalformedEvent, from_fields, from_json, to_fields, to_json

from tests.shared.builders import NOON, an_event, fields_of

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.rule("EVT-3")
def test_the_envelope_has_the_attributes_of_a_cloudevent() -> None:
    assert json.loads(to_json(an_event(traceparent=TRACE))) == {
        "specversion": "1.0",
        "id": "e-1",
        "source": "tw.port.identity",
        "type": "tw.port.identity.binding.removed",
        "subject": "general-1",
        "time": "2026-03-02T04:00:00.123456Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:tw:port:identity:binding.removed:v1",
        "sequence": "7",
        "traceparent": TRACE,
        "data": {"binding_id": "b-1", "link_account_id": "link-1", "reason": "general"},
    }


def test_an_entry_repeats_the_type_and_has_position_and_sealed_part_only_if_given() -> None:
    assert to_fields("{}", "t", None) == {"ce": "{}", "type": "t"}
    assert to_fields("{}", "t", "s", 12) == {"ce": "{}", "type": "t", "position": "12", "sealed": "s"}


@pytest.mark.rule("EVT-6")
def test_an_entry_is_parsed_with_and_without_a_position() -> None:
    fields = fields_of(an_event())

    assert from_fields("1-0", {**fields, "position": "12"}).position == 12
    assert from_fields("1-0", fields).position is None


def test_the_json_is_compact_and_does_not_escape_chinese() -> None:
    text = to_json(an_event(data={"name": "王小明"}))

    assert '"data":{"name":"王小明"}' in text


@given(
    id=st.text(min_size=1),
    sequence=st.integers(0, 10**18 - 1),
    time=st.datetimes(timezones=st.just(UTC)),
    data=st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
    ),
)
def test_any_event_survives_a_round_trip(id: str, sequence: int, time: datetime, data: Any) -> None:  # noqa: A002 - drawn by name
    event = an_event(id=id, sequence=sequence, time=time, data=data)

    assert from_json(to_json(event)) == event


@pytest.mark.parametrize("encode", [str, str.encode], ids=["decoded", "bytes"])
def test_an_entry_is_parsed_whether_or_not_the_client_decodes(encode: Any) -> None:
    event = an_event(traceparent=TRACE)
    fields = {encode(name): encode(value) for name, value in fields_of(event, "x.y").items()}

    assert from_fields(encode("1-0"), fields) == Entry("1-0", event, "x.y")


def test_times_of_other_zones_are_converted_to_utc() -> None:
    taipei = timezone(timedelta(hours=8))

    event = from_json(to_json(an_event(time=NOON.astimezone(taipei))))

    assert event.time == NOON
    assert event.time.tzinfo is UTC


def test_an_event_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_json(an_event(time=NOON.replace(tzinfo=None)))


def test_unknown_attributes_and_types_are_accepted() -> None:
    envelope = json.loads(to_json(an_event(type="tw.port.identity.account.renamed")))

    event = from_json(json.dumps({**envelope, "partitionkey": "x"}))

    assert event.type == "tw.port.identity.account.renamed"


def test_an_invalid_traceparent_is_ignored() -> None:
    assert from_json(to_json(an_event(traceparent="garbage"))) == an_event()


@pytest.mark.parametrize(
    "changes",
    [
        {"specversion": "0.3"},
        {"id": ""},
        {"id": 1},
        {"type": None},
        {"time": "yesterday"},
        {"time": "2026-03-02T04:00:00"},
        {"time": "0001-01-01T00:00:00+14:00"},
        {"sequence": 7},
        {"sequence": "-7"},
        {"sequence": "7" * 19},
        {"data": []},
        {"subject": []},
    ],
    ids=str,
)
def test_an_envelope_with_an_invalid_attribute_is_refused(changes: dict[str, Any]) -> None:
    envelope = json.loads(to_json(an_event()))

    with pytest.raises(MalformedEvent) as caught:
        from_json(json.dumps({**envelope, **changes}))

    assert str(caught.value).startswith(next(iter(changes)))


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "null", "[" * 60_000, "x" * 65_537])
def test_an_invalid_envelope_is_refused(text: str) -> None:
    with pytest.raises(MalformedEvent):
        from_json(text)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"type": "x"},
        {**fields_of(an_event()), "type": "x"},
        {"ce": to_json(an_event())},
        {**fields_of(an_event()), "position": "-1"},
        {b"ce": b"\xff", b"type": b"x"},
        {b"\xff": b""},
    ],
    ids=["nothing", "no envelope", "another type", "no type", "no position", "no text", "no name"],
)
def test_an_invalid_entry_is_refused(fields: dict[Any, Any]) -> None:
    with pytest.raises(MalformedEvent):
        from_fields("1-0", fields)


def test_an_error_never_repeats_the_entrys_content() -> None:
    with pytest.raises(MalformedEvent) as caught:
        from_json('{"specversion":"1.0","id":"","type":"hush"}')

    assert "hush" not in str(caught.value)


def test_an_event_is_immutable() -> None:
    event: Any = an_event()

    with pytest.raises(AttributeError):
        event.subject = "other"
    assert isinstance(event, Event)
