"""What operators look up and do by command (OPS-1)."""

import json
from typing import Any

import pytest

from tests.support.harness.commands import answered, command
from tests.support.harness.system import System

WHY = ("--reason", "本人來電請求")


def rows(system: System, *arguments: str) -> Any:
    return answered(command(system, *arguments, "--json"))


@pytest.mark.rule("OPS-1", "SEC-11")
@pytest.mark.parametrize(
    ("options", "environment", "operator"),
    [
        (("--operator", "陳先生"), {"IDENTITY_OPERATOR": "lin"}, "陳先生"),
        ((), {"IDENTITY_OPERATOR": "lin"}, "lin"),
        ((), {"LOGNAME": "somebody"}, "somebody"),
    ],
)
def test_the_operator_is_named_by_option_environment_or_login(
    system: System, options: tuple[str, ...], environment: dict[str, str], operator: str
) -> None:
    person = system.person()

    command(
        system,
        "accounts",
        "suspend",
        person.username,
        *WHY,
        *options,
        SSH_CLIENT="192.0.2.7 1 22",
        **environment,
    )

    (row,) = system.audit("account.suspended")
    assert (row.actor_kind, row.actor, row.reason) == ("operator", operator, "本人來電請求")
    assert (row.address, row.via) == ("192.0.2.7", None)


@pytest.mark.rule("OPS-1")
@pytest.mark.parametrize(
    "act", ["approve", "reject", "suspend", "reinstate", "close", "unlock", "resend-mail", "export", "erase"]
)
def test_no_command_that_acts_goes_without_a_reason(system: System, act: str) -> None:
    person = system.person()

    asked = command(system, "accounts", act, person.username)

    assert (asked.exit_code, "--reason" in asked.output) == (2, True)


@pytest.mark.rule("OPS-1")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--reason", "x"), "Error: --reason: too short (2 to 500 characters)\n"),
        ((*WHY, "--operator", "x" * 65), "Error: --operator: too long (1 to 64 characters)\n"),
    ],
)
def test_a_reason_or_operator_that_cannot_be_kept_is_named(
    system: System, options: tuple[str, ...], told: str
) -> None:
    person = system.person()

    refused = command(system, "accounts", "suspend", person.username, *options)

    assert (refused.exit_code, refused.stderr) == (1, told)


@pytest.mark.rule("OPS-1")
@pytest.mark.parametrize(
    "looking",
    [
        ("accounts", "show", "nobody"),
        ("bindings", "list", "nobody"),
        ("accounts", "set-mailbox", "nobody", "new@example.com", *WHY),
        ("sessions", "end", "--account", "nobody", *WHY),
    ],
)
def test_who_is_not_found_is_named(system: System, looking: tuple[str, ...]) -> None:
    refused = command(system, *looking)

    assert (refused.exit_code, refused.stderr) == (1, "Error: nobody: not found\n")


@pytest.mark.rule("OPS-1")
def test_a_closed_account_is_found_by_the_id_that_the_list_tells(system: System) -> None:
    person = system.person()
    command(system, "accounts", "close", person.username, *WHY)

    listed = command(system, "accounts", "list", "--status", "closed", "--mailbox", person.email)
    shown = rows(system, "accounts", "show", listed.stdout.split()[-1])

    assert (shown["username"], shown["status"]) == (person.username, "closed")


@pytest.mark.rule("OPS-1")
def test_several_accounts_are_acted_on_and_one_that_is_refused_does_not_hold_up_the_others(
    system: System,
) -> None:
    one, two, three = (system.person() for _ in range(3))
    command(system, "accounts", "suspend", two.username, *WHY)

    done = command(system, "accounts", "suspend", one.username, two.username, three.id, *WHY)

    assert done.exit_code == 1
    assert done.stdout == f"{one.username}: suspended\n{three.id}: suspended\n"
    assert done.stderr == f"Error: {two.username}: it is suspended\n"


@pytest.mark.rule("OPS-1")
def test_accounts_are_listed_by_what_they_are_known_by_and_shown_with_their_state(system: System) -> None:
    person = system.person(name="王小美", company={"name": "港都報關股份有限公司"})
    system.person()

    found = rows(system, "accounts", "list", "--company", "港都", "--name", "小美", "--mailbox", person.email)
    shown = rows(system, "accounts", "show", person.username)
    plain = command(system, "accounts", "show", person.username)
    lines = dict(line.split(maxsplit=1) for line in plain.stdout.splitlines())

    assert [row["username"] for row in found] == [person.username]
    assert (shown["status"], shown["company"]["name"]) == ("active", "港都報關股份有限公司")
    assert (lines["email"], lines["company.name"]) == (person.email, "港都報關股份有限公司")
    assert (lines["company.tax_id"], lines["locked_until"]) == (shown["company"]["tax_id"], "-")


@pytest.mark.rule("OPS-1")
def test_sessions_are_listed_and_ended_one_or_all(system: System) -> None:
    person = system.person()
    one, two, three = (system.logged_in(person) for _ in range(3))
    own = {each["id"] for each in one.get("/sessions").json()["items"] if each["current"]}
    listed = rows(system, "sessions", "list", person.username)

    first = command(system, "sessions", "end", *own, *WHY)
    ended = one.get("/session").status_code, two.get("/session").status_code
    rest = command(system, "sessions", "end", "--account", person.username, *WHY)

    assert {each["id"] for each in listed} > own
    assert (first.exit_code, ended) == (0, (401, 200))
    assert rest.stdout == f"{person.username}: 2 ended\n"
    assert {each.get("/session").status_code for each in (two, three)} == {401}
    assert command(system, "sessions", "end", *WHY).exit_code == 2


@pytest.mark.rule("OPS-1", "SW-1")
def test_sessions_are_listed_with_the_names_of_who_holds_them_and_as_whom_they_act(system: System) -> None:
    general, holder = system.person(), system.person("link")
    visitor = system.logged_in(holder)
    visitor.switch(system.bound(visitor, general))

    listed = command(system, "sessions", "list", general.username)

    assert listed.stdout.splitlines()[1].split()[-2:] == [holder.username, general.username]


@pytest.mark.rule("OPS-1", "BIND-6")
def test_bindings_are_listed_given_a_new_code_and_removed(system: System) -> None:
    general, holder = system.person(), system.person("link")
    binding = system.bind(system.logged_in(holder), general)
    system.clock.advance(minutes=2)

    resent = command(system, "bindings", "resend-code", binding, *WHY)
    system.mail(general.email, "驗證碼", count=2)
    removed = command(system, "bindings", "remove", binding, *WHY)
    (row,) = rows(system, "bindings", "list", general.username)

    assert (resent.exit_code, f"{binding}: removed\n" in removed.stdout) == (0, True)
    assert (row["status"], row["removed_reason"]) == ("removed", "operator")
    assert row["link"]["username"] == holder.username


@pytest.mark.rule("OPS-1", "VER-5", "SEC-6")
def test_a_link_is_mailed_again_within_the_limits_of_its_holder(system: System) -> None:
    person = system.register()
    system.mail(person.email, "註冊")

    early = command(system, "accounts", "resend-mail", person.username, *WHY)
    system.clock.advance(minutes=2)
    done = command(system, "accounts", "resend-mail", person.username, *WHY)

    assert (early.exit_code, "again in" in early.output, done.exit_code) == (1, True, 0)
    assert system.confirm(system.mail(person.email, "註冊", count=2).token).status_code == 200


@pytest.mark.rule("OPS-1")
def test_a_mailbox_is_set_by_command(system: System) -> None:
    person = system.person()
    new = f"new.{person.email}"

    done = command(system, "accounts", "set-mailbox", person.username, new.upper(), *WHY)
    wrong = command(system, "accounts", "set-mailbox", person.username, "nowhere", *WHY)

    assert (done.exit_code, new in done.stdout) == (0, True)
    assert (wrong.exit_code, wrong.stderr) == (1, "Error: invalid email\n")
    assert system.confirm(system.mail(new, "Email").token).status_code == 200


@pytest.mark.rule("OPS-1", "SEC-11")
def test_the_log_is_listed_by_account_operator_and_time(system: System) -> None:
    person = system.person()
    command(system, "accounts", "suspend", person.username, *WHY, "--operator", "lin")

    by_account = rows(system, "audit", "list", "--account", person.username)
    history = rows(system, "accounts", "history", person.username)
    by_operator = rows(system, "audit", "list", "--operator", "lin", "--since", "2020-01-01")
    plain = command(system, "audit", "list", "--operator", "lin")

    assert (by_account == history, by_account[0]["action"]) == (True, "account.suspended")
    assert [each["reason"] for each in by_operator] == ["本人來電請求"]
    assert ("operator lin" in plain.stdout, "account.suspended" in plain.stdout) == (True, True)


@pytest.mark.rule("SEC-11", "SEC-12")
def test_making_rotating_and_ending_services_is_in_the_log(system: System) -> None:
    for act in (
        ("add", "billing", "--right", "events:read"),
        ("rotate", "billing"),
        ("rotate", "billing", "--end-old"),
        ("rights", "billing", "--right", "accounts:admin"),
        ("revoke", "billing"),
    ):
        assert command(system, "clients", *act, IDENTITY_OPERATOR="lin").exit_code == 0

    rows = system.audit()
    assert [row.action for row in rows] == [
        "client.added",
        "client.rotated",
        "client.former_ended",
        "client.rights_set",
        "client.revoked",
    ]
    assert {(row.actor, json.loads(row.detail)["client"]) for row in rows} == {("lin", "billing")}
