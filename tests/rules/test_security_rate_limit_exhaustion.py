"""Strangers' requests do not use up the owner's limits, and counters store no typed values (SEC-6, SEC-19)."""

import pytest
from identity.domain.mailbox import mailbox_of_aliases
from identity.domain.rate_limits import MAILBOX_HOUR, RESEND_DAY, RESETS_BY_CLIENT_ADDRESS

from tests.support.actors.failed_logins import fail_logins
from tests.support.actors.people import Person, Visitor, unique
from tests.support.actors.profile_changes import request_email_change, save
from tests.support.harness.commands import invoke
from tests.support.harness.system import System

FULL = MAILBOX_HOUR.max_count


def request_reset(visitor: Visitor, person: Person) -> int:
    body = {"username": person.username, "email": person.email}
    return visitor.post("/password-resets", body).status_code


def claim(system: System, mailbox: str, *, times: int = FULL) -> None:
    """Register with another person's mailbox, as a stranger can."""
    for _ in range(times):
        system.register("link", email=mailbox)


def request_mailbox(system: System, mailbox: str) -> int:
    """Let a new person request a change to this mailbox; return the status."""
    person = system.person()
    changes = {"email": mailbox, "current_password": person.password}
    return save(system.logged_in(person), changes).status_code


@pytest.mark.rule("SEC-6", "LOGIN-8", "BIND-6")
def test_strangers_registrations_do_not_use_up_the_mail_limits_of_the_owner(system: System) -> None:
    owner, link = system.person(), system.logged_in(system.person("link"))
    unverified = system.register("link", email=owner.email)
    claim(system, owner.email)
    fail_logins(system.visitor(), owner, times=5)

    request_reset(system.visitor(), owner)
    reset = system.mail(owner.email, "密碼重設").token
    done = system.visitor().post(
        "/password-resets/confirm", {"token": reset, "password": "Another-Crane-88!"}
    )
    bound = link.post("/bindings", {"username": owner.username, "password": "Another-Crane-88!"})
    system.clock.advance(minutes=1)
    own_session = system.visitor()
    own_session.log_in(unverified)
    sent_again = own_session.post("/email-verifications")

    assert (done.status_code, bound.status_code, sent_again.status_code) == (204, 201, 202)
    assert system.mail(owner.email, "驗證碼").code


@pytest.mark.rule("SEC-6", "LOGIN-8")
def test_no_limit_reveals_whether_account_and_mailbox_match(system: System) -> None:
    owner, stranger = system.person(), system.person()
    answers = {}

    for name, username in (("match", owner.username), ("mismatch", stranger.username)):
        for _ in range(FULL):
            request_reset(system.visitor(), Person("", "general", username, owner.email, ""))
            system.clock.advance(minutes=1)
        answers[name] = request_mailbox(system, owner.email)
        system.clock.advance(hours=1)
    system.wait_for_mails()

    assert system.mailbox.count(owner.email, "密碼重設") == FULL
    assert answers == {"match": 200, "mismatch": 200}


@pytest.mark.rule("SEC-6", "LOGIN-8", "SEC-3")
def test_a_known_browser_can_reset_although_strangers_have_used_up_their_limit(system: System) -> None:
    owner = system.person()
    home = system.logged_in(owner)
    for _ in range(RESETS_BY_CLIENT_ADDRESS.max_count):
        request_reset(system.visitor(), owner)
    system.wait_for_mails()
    by_strangers = system.mailbox.count(owner.email, "密碼重設")

    answers = {request_reset(home, owner), request_reset(home, owner)}
    system.wait_for_mails()

    assert answers == {202}
    assert system.mailbox.count(owner.email, "密碼重設") == by_strangers + 1


@pytest.mark.rule("SEC-6", "LOGIN-8", "SEC-3")
def test_in_a_known_browser_mistyped_mailboxes_count_only_against_the_daily_limit(
    system: System,
) -> None:
    owner = system.person()
    home = system.logged_in(owner)
    for number in range(RESEND_DAY.max_count - 1):
        request_reset(home, Person("", "general", owner.username, f"typo{number}{owner.email}", ""))

    sent = []
    for _ in range(2):
        request_reset(home, owner)
        system.wait_for_mails()
        sent.append(system.mailbox.count(owner.email, "密碼重設"))
        system.clock.advance(minutes=2)

    assert sent == [1, 1]


@pytest.mark.rule("SEC-6", "PRO-2")
def test_registrations_and_changes_of_mailbox_share_one_limit_for_all_aliases(system: System) -> None:
    name = f"flooded{unique()}"
    for number in range(FULL):
        system.register(email=f"{name}+{number}@example.com")

    refused = request_mailbox(system, f"{name}@example.com")
    person = system.person()
    elsewhere = request_email_change(system.logged_in(person), person)

    assert refused == 429
    assert system.mail(elsewhere, "Email 變更驗證").token


@pytest.mark.rule("SEC-6", "OPS-1")
def test_an_operator_can_set_a_mailbox_that_strangers_have_claimed(system: System) -> None:
    owner, mailbox = system.person(), f"mine{unique()}@example.com"
    claim(system, mailbox)

    answer = invoke(system, "accounts", "set-mailbox", owner.username, mailbox, "--reason", "遺失信箱")

    assert answer.exit_code == 0
    assert system.mail(mailbox, "Email 變更驗證").token


@pytest.mark.rule("SEC-6")
@pytest.mark.parametrize(
    ("spelling", "counted"),
    [
        ("someone+a@example.com", "someone@example.com"),
        ("someone+a+b@example.com", "someone@example.com"),
        ("some.one@example.com", "some.one@example.com"),
        ("+a@example.com", "+a@example.com"),
        ("s.o.me.one+a@gmail.com", "someone@gmail.com"),
        ("someone@googlemail.com", "someone@gmail.com"),
        ("someone-a@yahoo.com.tw", "someone@yahoo.com.tw"),
        ("some-one@example.com", "some-one@example.com"),
    ],
)
def test_aliases_of_a_mailbox_share_one_counter(spelling: str, counted: str) -> None:
    assert mailbox_of_aliases(spelling) == counted


@pytest.mark.rule("SEC-19", "OPS-6")
def test_counters_store_no_typed_values(system: System) -> None:
    owner = system.person()
    visitor, link = system.logged_in(owner), system.logged_in(system.person("link"))
    typed = [owner.username, owner.email, owner.id, "My-Password-In-The-Name-Field", "127.0.0.1"]
    system.visitor().post("/sessions", {"username": typed[3], "password": "x"})
    fail_logins(system.visitor(), owner, times=6)
    request_reset(system.visitor(), owner)
    link.post("/bindings", {"username": owner.username, "password": "x"})
    request_email_change(visitor, owner)

    keys = [key for (key,) in system.rows("SELECT key FROM counters")]

    limits = {key.partition(":")[0] for key in keys}
    assert {"login.account", "login.address", "mail.gap", "mailbox.day", "audit.refusal"} <= limits
    assert not [key for key in keys for word in typed if word.lower() in key.lower()]
