"""Every change is published as an event, about the right account and in order; refusals are not (EVT-1, EVT-2)."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from identity.usecases import operator_decisions

from tests.support.actors.people import PASSWORD, TAX_IDS, Visitor, unique
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

NEW_PASSWORD = "Lantern-Quay-31!"


def _operate(system: System, act: Callable[..., Any], username: str) -> None:
    with system.app.app_context():
        act(system.ports, username)


def _save(visitor: Visitor, **changes: object) -> int:
    etag = visitor.get("/account").headers["ETag"]
    return visitor.patch("/account", changes, **{"If-Match": etag}).status_code


@pytest.mark.rule("EVT-1", "REV-2")
def test_each_step_of_a_general_account_is_published_about_that_account(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="both")
    person = system.person()
    _operate(system, operator_decisions.approve, person.username)
    visitor = system.logged_in(person)

    _save(visitor, mobile="0987654321")
    _save(visitor, email=f"new.{person.email}", current_password=PASSWORD)
    system.confirm(system.mail(f"new.{person.email}").token)
    visitor.log_in(person)
    visitor.put("/account/password", {"current": PASSWORD, "new": NEW_PASSWORD})
    _operate(system, operator_decisions.suspend, person.username)
    _operate(system, operator_decisions.reinstate, person.username)
    system.visitor().post("/password-resets", {"username": person.username, "email": f"new.{person.email}"})
    _operate(system, operator_decisions.close, person.username)

    assert system.event_types(person.id) == [
        "account.registered",
        "verification.requested",
        "account.email_verified",
        "account.approved",
        "account.profile_changed",
        "email_change.requested",
        "email_change.announced",
        "account.email_changed",
        "account.password_changed",
        "account.suspended",
        "account.reinstated",
        "password_reset.requested",
        "account.closed",
    ]


@pytest.mark.rule("EVT-1")
def test_a_rejected_application_is_published_as_rejected_and_closed(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="general")
    person = system.person()

    _operate(system, operator_decisions.reject, person.username)

    assert system.event_types(person.id)[3:] == ["account.rejected", "account.closed"]


@pytest.mark.rule("EVT-1", "EVT-2")
def test_binding_events_are_about_the_general_account_and_name_the_link_account(system: System) -> None:
    general, holder = system.person(), system.person("link")
    link = system.logged_in(holder)

    binding_id = system.bind_and_verify(link, general)
    link.delete(f"/bindings/{binding_id}")

    events = system.events(general.id)[3:]
    assert [event.type.removeprefix("tw.port.identity.") for event in events] == [
        "binding.requested",
        "bind_code.issued",
        "binding.verified",
        "binding.removed",
    ]
    assert {(event.data["binding_id"], event.data["link_account_id"]) for event in events} == {
        (binding_id, holder.id)
    }


@pytest.mark.rule("EVT-1", "EVT-2", "REG-9")
def test_the_loser_of_a_race_for_a_mailbox_is_not_published_as_verified(system: System) -> None:
    mailbox = f"shared{unique()}@example.com"
    rivals = [system.register(email=mailbox) for _ in range(2)]
    tokens = [mail.token for mail in system.mails(mailbox, count=2)]

    answers = [
        answer.status_code
        for answer in run_concurrently([partial(system.confirm, token) for token in tokens])
    ]

    verified = [event.subject for event in system.events() if event.type.endswith("email_verified")]
    assert sorted(answers) == [200, 409]
    assert len(verified) == 1
    assert set(verified) < {rival.id for rival in rivals}


@pytest.mark.rule("EVT-2")
def test_concurrent_changes_of_one_account_are_published_in_commit_order(
    system: System,
) -> None:
    person = system.person()
    visitors = [system.logged_in(person) for _ in range(4)]

    saves = [partial(_save, visitor, mobile=f"091234567{n}") for n, visitor in enumerate(visitors)]
    saved = run_concurrently(saves)

    events = system.events(person.id)
    assert [event.sequence for event in events] == list(range(1, 4 + saved.count(200)))
    assert saved.count(200) >= 1
    assert all(earlier.time <= later.time for earlier, later in pairwise(events))


@pytest.mark.rule("EVT-1", "EVT-2")
def test_event_ids_are_unique_and_each_subjects_sequence_has_no_gap(system: System) -> None:
    general = system.person(company={"tax_id": TAX_IDS[1]})
    link = system.logged_in(system.person("link"))
    binding_id = system.bind_and_verify(link, general)
    link.switch(binding_id)
    link.switch_back()
    link.delete(f"/bindings/{binding_id}")

    events = system.events()

    assert len({event.id for event in events}) == len(events)
    for subject in {event.subject for event in events}:
        numbers = [event.sequence for event in events if event.subject == subject]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.rule("EVT-1", "EVT-2")
def test_refused_requests_publish_nothing(system: System) -> None:
    general, link = system.person(), system.logged_in(system.person("link"))
    binding_id = system.bind(link, general)
    published = len(system.events())

    refused = [
        link.post(f"/bindings/{binding_id}/verify", {"code": "000000"}),
        link.post("/session/switch", {"binding_id": binding_id}),
        link.post("/bindings", {"username": general.username, "password": general.password}),
        link.put("/account/password", {"current": "not-this-one", "new": NEW_PASSWORD}),
        system.visitor().post("/accounts", {}),
    ]

    assert [answer.status_code for answer in refused] == [400, 409, 409, 403, 422]
    assert len(system.events()) == published
