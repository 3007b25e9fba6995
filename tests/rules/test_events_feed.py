"""The feed from the database, for consumers that were down for longer than the stream keeps events (EVT-6)."""

import pytest
from port_events.envelope import MAIL_STREAM, STREAM

from tests.support.actors.people import Visitor
from tests.support.actors.service_clients import service_visitor
from tests.support.harness.system import System


@pytest.fixture
def consumer(system: System) -> Visitor:
    """A service with the right `events:read`."""
    return service_visitor(system, "events:read")


@pytest.mark.rule("EVT-6", "EVT-4", "EVT-7")
def test_the_feed_matches_the_stream_in_order_without_the_sealed_part(
    system: System, consumer: Visitor
) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    system.bind_and_verify(link, general)
    published, mails = system.entries(), system.entries(MAIL_STREAM)

    answer = consumer.get("/events?after=0&limit=1000")

    items = answer.json()["items"]
    assert [(item["position"], item["event"]["id"]) for item in items] == [
        (entry.position, entry.event.id) for entry in published
    ]
    assert answer.json()["next"] == len(items) == items[-1]["position"]
    assert mails
    assert [entry for entry in mails if str(entry.sealed) in answer.text] == []
    assert "sealed" not in answer.text
    assert items[0]["event"]["specversion"] == "1.0"


@pytest.mark.rule("EVT-6")
def test_pages_have_no_gap_and_no_repeat(system: System, consumer: Visitor) -> None:
    for _ in range(3):
        system.register()
    system.publish()

    positions, after = [], 0
    while page := consumer.get(f"/events?after={after}&limit=2").json()["items"]:
        positions += [item["position"] for item in page]
        after = positions[-1]

    assert positions == list(range(1, 7))
    assert consumer.get(f"/events?after={after}").json() == {"items": [], "next": 6}


@pytest.mark.rule("EVT-6", "EVT-2")
def test_unpublished_events_are_not_in_the_feed(system: System, consumer: Visitor) -> None:
    system.register()

    before = consumer.get("/events").json()
    system.publish()
    after = consumer.get("/events").json()

    assert before == {"items": [], "next": 0}
    assert after["next"] == 2


@pytest.mark.rule("EVT-6")
def test_a_position_older_than_the_feed_is_gone(system: System, consumer: Visitor) -> None:
    for _ in range(2):
        system.register()
    system.publish()
    with system.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM outbox WHERE position <= 2")

    answers = [consumer.get(f"/events?after={after}") for after in (0, 1, 2, 4)]

    assert [answer.status_code for answer in answers] == [410, 410, 200, 200]
    assert answers[0].json()["code"] == "cursor_expired"


@pytest.mark.rule("EVT-6")
def test_a_position_unknown_to_a_restored_database_is_gone(system: System, consumer: Visitor) -> None:
    system.register()
    system.publish()
    with system.redis.client() as client:
        client.set(f"{STREAM}:mark:{system.relay.outbox.epoch()}", 40)

    at_once = consumer.get("/events?after=40").status_code
    system.register()
    system.publish()
    later = [consumer.get(f"/events?after={after}").status_code for after in (40, 41, 43, 44)]

    assert at_once == 410
    assert later == [410, 200, 200, 410]  # position 41 was deleted, 42 and 43 are new


@pytest.mark.rule("EVT-6", "SEC-13")
@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=-1",
        "after=1000000000000000000",
        "after=1&after=2",
        "of=all",
    ],
)
def test_a_query_out_of_bounds_is_refused(consumer: Visitor, query: str) -> None:
    answer = consumer.get(f"/events?{query}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
