"""Lapse and verification of bindings, and a change of mailbox while a code is open (BIND-8, BIND-9, PRO-2)."""

import pytest
from identity.adapters.sql.purger import SqlPurger
from identity.usecases.tidy import CleanupResult, clean_up

from tests.support.actors.people import Person, Visitor, unique
from tests.support.browser.text_normalization import normalize
from tests.support.harness.system import System


def tidied(system: System) -> CleanupResult:
    with system.app.app_context():
        return clean_up(system.ports, SqlPurger(system.engine))


def status_for(general: Visitor) -> str:
    return str(general.get("/account/binding").json()["status"])


def rows_of(system: System, person: Person) -> list[tuple[str, str | None]]:
    items = system.logged_in(person).get("/bindings").json()["items"]
    return sorted((row["status"], row["removed_reason"]) for row in items)


@pytest.mark.rule("BIND-8")
def test_a_binding_not_verified_after_7_days_has_ended_for_both_sides(system: System) -> None:
    person, general = system.person("link"), system.person()
    binding = system.bind(system.logged_in(person), general)
    system.clock.advance(days=6, hours=23)
    in_time = rows_of(system, person), status_for(system.logged_in(general))

    system.clock.advance(hours=1)
    late = system.logged_in(person).post(f"/bindings/{binding}/code")

    assert in_time == ([("unverified", None)], "unverified")
    assert (late.status_code, late.json()["code"]) == (404, "not_found")
    assert rows_of(system, person) == [("removed", "lapsed")]
    assert status_for(system.logged_in(general)) == "none"


@pytest.mark.rule("BIND-8")
def test_cleanup_removes_a_lapsed_binding_with_an_event_and_no_mail(system: System) -> None:
    person, general, kept = system.person("link"), system.person(), system.person()
    link = system.logged_in(person)
    system.bind(link, general)
    system.bind_and_verify(link, kept)
    system.clock.advance(days=7)

    first, second = tidied(system).bindings, tidied(system).bindings

    removed = system.events(general.id)[-1]
    assert (first, second) == (1, 0)
    assert (removed.type, removed.data["reason"]) == ("tw.port.identity.binding.removed", "lapsed")
    assert rows_of(system, person) == [("removed", "lapsed"), ("verified", None)]
    assert (
        system.rows("SELECT 1 FROM outbox WHERE event_id = :id AND mail_state IS NOT NULL", id=removed.id)
        == []
    )


@pytest.mark.rule("BIND-8", "BIND-4")
def test_a_lapsed_binding_blocks_nothing_even_before_cleanup(system: System) -> None:
    first, second, general = system.person("link"), system.person("link"), system.person()
    system.bind(system.logged_in(first), general)
    system.clock.advance(days=7)
    other = system.logged_in(second)

    system.bind_and_verify(other, general)

    assert rows_of(system, second) == [("verified", None)]
    assert rows_of(system, first) == [("removed", "lapsed")]
    assert system.event_types(general.id)[-5:] == [
        "bind_code.issued", "binding.removed", "binding.requested", "bind_code.issued", "binding.verified",
    ]  # fmt: skip


@pytest.mark.rule("BIND-9")
def test_the_general_account_gets_a_notice_when_the_binding_is_verified(system: System) -> None:
    asker, general = system.person("link", name="陳港生"), system.person(name="王小花")

    system.bind_and_verify(system.logged_in(asker), general)

    mail = system.mail(general.email, "綁定完成")
    for part in (asker.username, "陳港生", general.username, "解除綁定"):
        assert normalize(part) in normalize(mail.text)
        assert normalize(part) in normalize(mail.html)


@pytest.mark.rule("PRO-2", "BIND-6")
def test_a_change_of_mailbox_voids_the_code_and_the_next_code_goes_to_the_new_mailbox(
    system: System,
) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    code, new_email = system.mail(general.email, "驗證碼").code, f"new{unique()}@example.com"
    owner = system.logged_in(general)
    changed = owner.patch(
        "/account",
        {"email": new_email, "current_password": general.password},
        **{"If-Match": owner.get("/account").headers["ETag"]},
    )
    system.confirm(system.mail(new_email).token)
    system.clock.advance(seconds=60)

    void = link.post(f"/bindings/{binding}/verify", {"code": code})
    link.post(f"/bindings/{binding}/code")
    fresh = system.mail(new_email, "驗證碼").code

    assert changed.status_code == 200
    assert (void.status_code, void.json()["code"]) == (410, "code_expired")
    assert link.post(f"/bindings/{binding}/verify", {"code": fresh}).status_code == 200
