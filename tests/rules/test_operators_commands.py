"""Operators look up and change accounts by command (OPS-1)."""

import json
import os
import pwd
from typing import Any

import pytest

from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System

WHY = ("--reason", "本人來電請求")


def rows(system: System, *arguments: str) -> Any:
    return json_output(invoke(system, *arguments, "--json"))


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

    invoke(
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
    assert json.loads(row.detail)["login"] == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.rule("OPS-1", "SEC-11")
@pytest.mark.parametrize("command", ["clients", "accounts", "audit"])
def test_every_command_records_the_system_login_beside_the_chosen_operator_name(
    system: System, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    person = system.register()
    system.relay.extend_chain()
    arguments = {
        "clients": ("clients", "add", "billing", "--right", "events:read"),
        "accounts": ("accounts", "show", person.username),
        "audit": ("audit", "accept", "--reason", "restored"),
    }[command]
    monkeypatch.setattr("identity.cli.operator.os.getuid", lambda: 4_000_000_000)

    ended = invoke(
        system, *arguments, IDENTITY_OPERATOR="chen", LOGNAME="chen", USER="chen", SUDO_USER="chen"
    )

    row = system.audit()[-1]
    assert (ended.exit_code, row.actor, json.loads(row.detail)["login"]) == (0, "chen", "uid 4000000000")


@pytest.mark.rule("OPS-1")
@pytest.mark.parametrize(
    "act", ["approve", "reject", "suspend", "reinstate", "close", "unlock", "resend-mail", "export", "erase"]
)
def test_every_changing_command_requires_a_reason(system: System, act: str) -> None:
    person = system.person()

    result = invoke(system, "accounts", act, person.username)

    assert (result.exit_code, "--reason" in result.output) == (2, True)


@pytest.mark.rule("OPS-1")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--reason", "x"), "Error: --reason: too short (2 to 500 characters)\n"),
        ((*WHY, "--operator", "x" * 65), "Error: --operator: too long (1 to 64 characters)\n"),
    ],
)
def test_an_invalid_reason_or_operator_is_reported(
    system: System, options: tuple[str, ...], message: str
) -> None:
    person = system.person()

    refused = invoke(system, "accounts", "suspend", person.username, *options)

    assert (refused.exit_code, refused.stderr) == (1, message)


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
def test_an_unknown_account_is_reported_by_name(system: System, looking: tuple[str, ...]) -> None:
    refused = invoke(system, *looking)

    assert (refused.exit_code, refused.stderr) == (1, "Error: nobody: not found\n")


@pytest.mark.rule("OPS-1")
def test_a_closed_account_is_found_by_its_listed_id(system: System) -> None:
    person = system.person()
    invoke(system, "accounts", "close", person.username, *WHY)

    listed = invoke(system, "accounts", "list", "--status", "closed", "--mailbox", person.email)
    shown = rows(system, "accounts", "show", listed.stdout.split()[-1])

    assert (shown["username"], shown["status"]) == (person.username, "closed")


@pytest.mark.rule("OPS-1")
def test_one_refused_account_does_not_stop_the_others(
    system: System,
) -> None:
    one, two, three = (system.person() for _ in range(3))
    invoke(system, "accounts", "suspend", two.username, *WHY)

    done = invoke(system, "accounts", "suspend", one.username, two.username, three.id, *WHY)

    assert done.exit_code == 1
    assert done.stdout == f"{one.username}: suspended\n{three.id}: suspended\n"
    assert done.stderr == f"Error: {two.username}: it is suspended\n"


@pytest.mark.rule("OPS-1")
def test_accounts_are_filtered_and_shown_with_their_state(system: System) -> None:
    person = system.person(name="王小美", company={"name": "港都報關股份有限公司"})
    system.person()

    found = rows(system, "accounts", "list", "--company", "港都", "--name", "小美", "--mailbox", person.email)
    shown = rows(system, "accounts", "show", person.username)
    plain = invoke(system, "accounts", "show", person.username)
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

    first = invoke(system, "sessions", "end", *own, *WHY)
    ended = one.get("/session").status_code, two.get("/session").status_code
    rest = invoke(system, "sessions", "end", "--account", person.username, *WHY)

    assert {each["id"] for each in listed} > own
    assert (first.exit_code, ended) == (0, (401, 200))
    assert rest.stdout == f"{person.username}: 2 ended\n"
    assert {each.get("/session").status_code for each in (two, three)} == {401}
    assert invoke(system, "sessions", "end", *WHY).exit_code == 2


@pytest.mark.rule("OPS-1", "SW-1")
def test_sessions_are_listed_with_owner_and_acting_account(system: System) -> None:
    general, holder = system.person(), system.person("link")
    visitor = system.logged_in(holder)
    visitor.switch(system.bind_and_verify(visitor, general))

    listed = invoke(system, "sessions", "list", general.username)

    assert listed.stdout.splitlines()[1].split()[-2:] == [holder.username, general.username]


@pytest.mark.rule("OPS-1", "BIND-6")
def test_bindings_are_listed_resent_and_removed(system: System) -> None:
    general, holder = system.person(), system.person("link")
    binding = system.bind(system.logged_in(holder), general)
    system.clock.advance(minutes=2)

    resent = invoke(system, "bindings", "resend-code", binding, *WHY)
    system.mail(general.email, "驗證碼", count=2)
    removed = invoke(system, "bindings", "remove", binding, *WHY)
    (row,) = rows(system, "bindings", "list", general.username)

    assert (resent.exit_code, f"{binding}: removed\n" in removed.stdout) == (0, True)
    assert (row["status"], row["removed_reason"]) == ("removed", "operator")
    assert row["link"]["username"] == holder.username


@pytest.mark.rule("OPS-1", "VER-5", "SEC-6")
def test_a_link_is_mailed_again_within_the_accounts_limits(system: System) -> None:
    person = system.register()
    system.mail(person.email, "註冊")

    early = invoke(system, "accounts", "resend-mail", person.username, *WHY)
    system.clock.advance(minutes=2)
    done = invoke(system, "accounts", "resend-mail", person.username, *WHY)

    assert (early.exit_code, "retry in" in early.output, done.exit_code) == (1, True, 0)
    assert system.confirm(system.mail(person.email, "註冊", count=2).token).status_code == 200


@pytest.mark.rule("OPS-1")
def test_a_mailbox_is_set_by_command(system: System) -> None:
    person = system.person()
    new = f"new.{person.email}"

    done = invoke(system, "accounts", "set-mailbox", person.username, new.upper(), *WHY)
    wrong = invoke(system, "accounts", "set-mailbox", person.username, "nowhere", *WHY)

    assert (done.exit_code, new in done.stdout) == (0, True)
    assert (wrong.exit_code, wrong.stderr) == (1, "Error: invalid email\n")
    assert system.confirm(system.mail(new, "Email").token).status_code == 200


@pytest.mark.rule("OPS-1", "SEC-11")
def test_the_audit_log_is_listed_by_account_operator_and_time(system: System) -> None:
    person = system.person()
    invoke(system, "accounts", "suspend", person.username, *WHY, "--operator", "lin")

    by_account = rows(system, "audit", "list", "--account", person.username)
    read, *history = rows(system, "accounts", "history", person.username)
    by_operator = rows(system, "audit", "list", "--operator", "lin", "--since", "2020-01-01")
    plain = invoke(system, "audit", "list", "--operator", "lin")

    assert (by_account == history, by_account[0]["action"]) == (True, "account.suspended")
    assert (read["action"], read["account_id"]) == ("audit.read", person.id)
    assert [each["reason"] for each in by_operator] == ["本人來電請求"]
    assert ("operator lin" in plain.stdout, "account.suspended" in plain.stdout) == (True, True)


@pytest.mark.rule("SEC-11", "SEC-12")
def test_adding_rotating_and_revoking_clients_is_audited(system: System) -> None:
    for act in (
        ("add", "billing", "--right", "events:read"),
        ("rotate", "billing"),
        ("rotate", "billing", "--end-old"),
        ("rights", "billing", "--right", "accounts:admin"),
        ("revoke", "billing"),
    ):
        assert invoke(system, "clients", *act, IDENTITY_OPERATOR="lin").exit_code == 0

    rows = system.audit()
    assert [row.action for row in rows] == [
        "client.added",
        "client.rotated",
        "client.former_ended",
        "client.rights_set",
        "client.revoked",
    ]
    assert {(row.actor, json.loads(row.detail)["client"]) for row in rows} == {("lin", "billing")}


@pytest.mark.rule("OPS-1")
@pytest.mark.parametrize("charset", ["cp950", "latin-1"])
def test_commands_print_on_terminals_without_chinese(system: System, charset: str) -> None:
    person = system.person(name="王𠮷", company={"name": "𠮷野家股份有限公司"})
    link = system.logged_in(system.person("link"))
    link.post("/bindings", {"username": person.username, "password": person.password})
    reason = ("--reason", "𠮷先生來電請求", "--operator", "𠮷")
    commands = [
        ("accounts", "list"), ("accounts", "show", person.username), ("accounts", "history", person.username),
        ("accounts", "suspend", person.username, *reason), ("accounts", "export", person.username, *reason),
        ("bindings", "list", person.username), ("sessions", "list", person.username), ("audit", "list"),
    ]  # fmt: skip

    as_text = [invoke(system, *command, charset=charset) for command in commands]
    as_json = [
        invoke(system, *command, "--json", charset=charset) for command in commands if command[-1] != "𠮷"
    ]

    assert [ended.exit_code for ended in as_text + as_json] == [0] * len(as_text + as_json)
    assert ("王?" if charset == "cp950" else "??") in as_text[0].stdout
    assert [ended.stdout.isascii() for ended in as_json] == [True] * len(as_json)
    assert json_output(as_json[1])["name"] == "王𠮷"
