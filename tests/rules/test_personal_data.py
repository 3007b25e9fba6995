"""Personal data: export, erasure, and suspension of unused accounts (OPS-6)."""

import json

import pytest
from identity.usecases import idle_accounts

from tests.support.actors.people import Person, registration
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.leak_scan import database_text
from tests.support.harness.system import System

WHY = ("--reason", "本人書面請求")
MONTHS = {"IDENTITY_IDLE_DISABLED": "180d"}


def erase(system: System, person: Person, *options: str) -> int:
    return invoke(system, "accounts", "erase", person.id, *WHY, *options).exit_code


def tidied(system: System, **settings: str) -> int:
    counts: dict[str, int] = json_output(invoke(system, "tidy", "--json", **settings))
    return counts["idle"]


@pytest.mark.rule("OPS-6")
def test_an_export_contains_all_personal_data_without_secrets(system: System) -> None:
    general, holder = system.person(), system.person("link")
    own, link = system.logged_in(general), system.logged_in(holder)
    binding = system.bind_and_verify(link, general)

    export = json_output(invoke(system, "accounts", "export", general.username, *WHY))

    assert (export["account"]["email"], export["account"]["company"]["tax_id"]) == (
        general.email,
        general.tax_id,
    )
    assert len(export["consents"]) == 3
    assert [each["id"] for each in export["bindings"]] == [binding]
    assert [each["address"] for each in export["sessions"]] == ["127.0.0.1"]
    assert {each["type"].rsplit("identity.")[1] for each in export["mails"]} >= {"verification.requested"}
    assert "session.opened" in {each["action"] for each in export["history"]}
    text = json.dumps(export, ensure_ascii=False)
    stored_hash = system.rows("SELECT password_hash FROM accounts WHERE id = :id", id=general.id)[
        0
    ].password_hash
    for secret in (general.password, stored_hash, str(own.token)):
        assert secret not in text
    assert len(system.audit("account.exported")) == 1


@pytest.mark.rule("OPS-6", "SW-4")
def test_an_export_does_not_reveal_other_peoples_addresses(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_TRUSTED_PROXIES="127.0.0.1/32")
    general, holder = system.person(), system.person("link")
    own, link = system.visitor(), system.visitor()
    for visitor, person, address in ((own, general, "198.51.100.7"), (link, holder, "203.0.113.9")):
        visitor.http.headers.update({"X-Forwarded-For": address, "User-Agent": f"Browser of {address}"})
        visitor.log_in(person)
        visitor.accept_consents()
    binding = system.bind_and_verify(link, general)
    link.switch(binding)

    of_general = invoke(system, "accounts", "export", general.username, *WHY)
    own.delete("/account/binding")
    of_holder = invoke(system, "accounts", "export", holder.username, *WHY)

    assert [each["address"] for each in json_output(of_general)["sessions"]] == ["198.51.100.7"]
    rows = {each["action"]: each["address"] for each in json_output(of_general)["history"]}
    assert (rows["session.switched"], rows["session.opened"]) == ("", "198.51.100.7")
    assert ("203.0.113.9" in of_general.output, "203.0.113.9" in of_holder.output) == (False, True)
    assert "binding.removed" in {each["action"] for each in json_output(of_holder)["history"]}
    assert "198.51.100.7" not in of_holder.output


@pytest.mark.rule("OPS-6")
def test_after_erasure_no_personal_data_is_left_and_an_event_is_published(system: System) -> None:
    person, holder = system.person(mobile="0987654321", name="王小美"), system.person("link")
    system.bind_and_verify(system.logged_in(holder), person)
    system.wait_for_mails()
    system.clock.advance(days=31)
    invoke(system, "tidy")  # after the feed's retention, cleanup deletes the events, which contain usernames
    own, link = system.logged_in(person), system.logged_in(holder)

    done = erase(system, person, "--yes")
    system.wait_for_mails()

    assert done == 0
    assert own.get("/session").status_code == 401
    assert link.get("/bindings").json()["items"] == []
    account = system.rows("SELECT * FROM accounts WHERE id = :id", id=person.id)[0]
    remaining = {name: value for name, value in account._asdict().items() if value not in (None, "")}
    assert set(remaining) == {
        "id", "kind", "former_hashes", "credential_version", "review", "created_at", "email_verified_at",
        "closed_at", "closed_reason", "revision", "sequence",
    }  # fmt: skip
    everything = database_text(system)
    for personal in (person.email, "王小美", "0987654321"):
        assert personal not in everything
    assert system.events(person.id)[-1].data == {"reason": "erased"}
    (row,) = system.audit("account.erased")
    assert (row.account_id, row.reason) == (person.id, "本人書面請求")


@pytest.mark.rule("OPS-6")
def test_name_and_mailbox_of_an_erased_account_are_free_and_no_longer_listed(system: System) -> None:
    person = system.person()
    link = system.logged_in(system.person("link"))
    system.bind_and_verify(link, person)

    erase(system, person, "--yes")
    again = system.visitor().post("/accounts", registration(username=person.username, email=person.email))

    assert again.status_code == 202
    assert link.get("/bindings").json()["items"] == []


@pytest.mark.rule("OPS-6")
def test_a_closed_account_is_erased_by_id_and_published(system: System) -> None:
    person = system.person()
    invoke(system, "accounts", "close", person.username, *WHY)

    done = erase(system, person, "--yes")

    assert (done, system.event_types(person.id)[-2:]) == (0, ["account.closed", "account.closed"])
    assert system.events(person.id)[-1].data == {"reason": "erased"}


@pytest.mark.rule("OPS-6")
def test_erasing_asks_for_confirmation(system: System) -> None:
    person = system.person()

    done = erase(system, person)

    assert (done, system.logged_in(person).get("/account").json()["email"]) == (1, person.email)


@pytest.mark.rule("OPS-6")
def test_unused_accounts_are_suspended_if_the_setting_is_on(system: System) -> None:
    idle, used, holder = system.person(), system.person(), system.person("link")
    link = system.logged_in(holder)
    bound = system.person(company={"tax_id": "62140097"})
    binding = system.bind_and_verify(link, bound)
    system.clock.advance(days=100)
    system.logged_in(used)
    link = system.logged_in(holder)
    link.switch(binding)
    system.clock.advance(days=100)

    off = tidied(system)
    suspended = tidied(system, **MONTHS)
    again = tidied(system, **MONTHS)

    assert (off, suspended, again) == (0, 1, 0)
    assert system.visitor().log_in(idle).json()["code"] == "account_suspended"
    assert {system.visitor().log_in(each).status_code for each in (used, holder, bound)} == {201}
    assert system.event_types(idle.id)[-1] == "account.suspended"
    (row,) = system.audit("account.suspended")
    assert (row.actor_kind, row.actor, row.reason) == ("system", "tidy", "idle for 180 days")


@pytest.mark.rule("OPS-6")
def test_unused_accounts_are_found_in_batches(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [system.person() for _ in range(5)]
    system.clock.advance(days=200)
    system.logged_in(people[2])
    monkeypatch.setattr(idle_accounts, "_BATCH", 2)

    assert (tidied(system, **MONTHS), tidied(system, **MONTHS)) == (4, 0)


@pytest.mark.rule("OPS-6")
def test_reinstatement_restarts_the_inactivity_period(system: System) -> None:
    person = system.person()
    system.clock.advance(days=200)
    tidied(system, **MONTHS)
    invoke(system, "accounts", "reinstate", person.username, *WHY)
    system.clock.advance(days=100)

    assert tidied(system, **MONTHS) == 0


@pytest.mark.rule("OPS-6")
def test_no_account_is_suspended_when_the_log_is_younger_than_the_period(start_system: StartSystem) -> None:
    system = start_system()
    system.person()
    with system.engine.begin() as connection:
        # Without the older rows, the audit log is younger than the accounts.
        connection.exec_driver_sql("DELETE FROM audit")
    system.clock.advance(days=200)
    system.register()

    assert tidied(system, **MONTHS) == 0


@pytest.mark.rule("OPS-6", "OPS-5")
@pytest.mark.parametrize("length", ["180", "29d", "500d"])
def test_a_period_too_short_or_longer_than_the_log_is_refused(system: System, length: str) -> None:
    result = invoke(system, "tidy", IDENTITY_IDLE_DISABLED=length)

    assert (result.exit_code, "IDENTITY_IDLE_DISABLED" in result.output) == (2, True)
