"""The snapshot for new consumers, with the feed position to continue from (EVT-6)."""

import base64
import json
from typing import Any

import pytest

from tests.support.actors.people import Visitor
from tests.support.actors.service_clients import service_visitor
from tests.support.harness.commands import invoke
from tests.support.harness.system import System


@pytest.fixture
def consumer(system: System) -> Visitor:
    """A service with the right `events:read`."""
    return service_visitor(system, "events:read")


def _pages(consumer: Visitor, *, limit: int) -> list[dict[str, Any]]:
    pages = [consumer.get(f"/snapshot?limit={limit}").json()]
    while pages[-1]["next"]:
        pages.append(consumer.get(f"/snapshot?limit={limit}&after={pages[-1]['next']}").json())
    return pages


@pytest.mark.rule("EVT-6", "EVT-4")
def test_a_snapshot_has_accounts_and_live_bindings_without_personal_data(
    system: System, consumer: Visitor
) -> None:
    general, holder = system.person(), system.person("link")
    binding_id = system.bind_and_verify(system.logged_in(holder), general)
    unverified = system.register()
    system.publish()

    answer = consumer.get("/snapshot")

    page = answer.json()
    accounts = {account["id"]: account for account in page["accounts"]}
    newest = {event.subject: event.sequence for event in system.events()}
    assert accounts[general.id] == {
        "id": general.id,
        "kind": "general",
        "username": general.username,
        "status": "active",
        "tax_id": general.tax_id,
        "company_name": "錢大明股份有限公司",
        "sequence": newest[general.id],
    }
    assert {each: account["sequence"] for each, account in accounts.items()} == newest
    assert accounts[unverified.id]["status"] == "email_unverified"
    (binding,) = page["bindings"]
    assert (binding["id"], binding["status"]) == (binding_id, "verified")
    assert (binding["general_account_id"], binding["link_account_id"]) == (general.id, holder.id)
    assert page["position"] == consumer.get("/events?limit=1000").json()["next"]
    assert "@example.com" not in answer.text
    assert "0912345678" not in answer.text


@pytest.mark.rule("EVT-6")
def test_pages_have_each_account_once_and_share_one_position(system: System, consumer: Visitor) -> None:
    people = [system.register() for _ in range(5)]
    system.publish()

    pages = _pages(consumer, limit=2)

    ids = [account["id"] for page in pages for account in page["accounts"]]
    assert ids == sorted(person.id for person in people)
    assert {page["position"] for page in pages} == {10}


@pytest.mark.rule("EVT-6")
def test_changes_during_paging_follow_in_the_feed_after_the_position(
    system: System, consumer: Visitor
) -> None:
    people = [system.register() for _ in range(3)]
    system.publish()

    first = consumer.get("/snapshot?limit=2").json()
    system.confirm(system.mail(people[0].email).token)
    late = system.register()
    system.publish()
    last = consumer.get(f"/snapshot?limit=2&after={first['next']}").json()
    feed = consumer.get(f"/events?after={last['position']}").json()["items"]

    known = {account["id"]: account["sequence"] for account in first["accounts"] + last["accounts"]}
    for item in feed:
        event = item["event"]
        if int(event["sequence"]) > known.get(event["subject"], 0):
            known[event["subject"]] = int(event["sequence"])
    newest = {event.subject: event.sequence for event in system.events()}
    assert (first["position"], last["position"]) == (6, 6)
    assert known == newest
    assert {late.id, people[0].id} <= known.keys()


@pytest.mark.rule("EVT-6")
def test_closed_accounts_and_removed_bindings_are_left_out(system: System, consumer: Visitor) -> None:
    general, holder = system.person(), system.person("link")
    link = system.logged_in(holder)
    link.delete(f"/bindings/{system.bind_and_verify(link, general)}")
    lapsed = system.register()
    system.wait_for_mails()
    system.clock.advance(days=7, seconds=1)
    assert invoke(system, "tidy").exit_code == 0

    page = consumer.get("/snapshot").json()

    assert {account["id"] for account in page["accounts"]} == {general.id, holder.id}
    assert lapsed.id not in str(page)
    assert page["bindings"] == []


@pytest.mark.rule("EVT-6", "SEC-12")
def test_a_snapshot_requires_the_scope(system: System) -> None:
    without = service_visitor(system, "tokens:introspect").get("/snapshot")
    nobody = system.visitor().get("/snapshot")

    assert (without.status_code, nobody.status_code) == (403, 401)


@pytest.mark.rule("EVT-6", "SEC-13")
@pytest.mark.parametrize(
    "cursor",
    ["x", "!!!!", *(base64.urlsafe_b64encode(json.dumps(each).encode()).decode() for each in
        ([1], [1, 2], ["1", "a"], [-1, "a"], [1, "\0"], [True, "a"], {"a": 1, "b": 2}, [10**18, "a"], [1, "x" * 99]))],
)  # fmt: skip
def test_an_invalid_cursor_is_refused(consumer: Visitor, cursor: str) -> None:
    answer = consumer.get(f"/snapshot?after={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
