"""A reset link is valid for an hour and works once; the answer to a request reveals nothing (LOGIN-8)."""

import pytest

from tests.support.actors.people import Person
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

NEW = "Another-Crane-88!"


def request_reset(system: System, person: Person) -> str:
    """Request the mail; return the link's token."""
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    return system.mail(person.email, "密碼重設").token


def reset(system: System, token: str, password: str = NEW) -> tuple[int, str | None]:
    """Set the new password through the API; return status and error code."""
    answer = system.visitor().post("/password-resets/confirm", {"token": token, "password": password})
    return answer.status_code, answer.json()["code"] if answer.content else None


@pytest.mark.rule("LOGIN-8")
@pytest.mark.parametrize("kind", ["general", "link"])
def test_account_and_mailbox_lead_to_a_new_password(system: System, kind: str) -> None:
    person = system.person(kind)
    open_session = system.logged_in(person)

    done = reset(system, request_reset(system, person))

    assert done == (204, None)
    announced = "綁定將一併解除" in system.mail(person.email, "密碼重設").text
    assert announced == (kind == "general")
    assert system.visitor().log_in(person).status_code == 401
    assert system.visitor().log_in(person, password=NEW).status_code == 201
    assert open_session.get("/session").status_code == 401
    assert "重設" in system.mail(person.email, "密碼變更").text


@pytest.mark.rule("LOGIN-8")
def test_name_and_mailbox_are_accepted_in_any_case(system: System) -> None:
    person = system.person()

    system.visitor().post(
        "/password-resets", {"username": person.username.upper(), "email": person.email.upper()}
    )

    assert system.mail(person.email, "密碼重設").link.startswith(f"{PUBLIC_URL}/password/reset?token=")


@pytest.mark.rule("LOGIN-8")
def test_the_answer_never_reveals_a_match_and_a_mismatch_sends_no_mail(
    system: System,
) -> None:
    person, unverified = system.person(), system.register()
    other = system.person()
    visitor = system.visitor()
    system.wait_for_mails()
    system.mailbox.clear()

    answers = [
        visitor.post("/password-resets", {"username": username, "email": email})
        for username, email in [
            (person.username, person.email),
            (person.username, other.email),
            ("nobody-of-that-name", person.email),
            (unverified.username, unverified.email),
            ("錢" * 900, "nobody@example.com"),
        ]
    ]
    system.wait_for_mails()

    assert {(answer.status_code, answer.text.strip()) for answer in answers} == {
        (202, answers[0].text.strip())
    }
    assert [mail.to for mail in system.mailbox.all(subject_contains="密碼重設")] == [person.email]


@pytest.mark.rule("LOGIN-8", "SEC-6")
def test_requests_over_the_limit_are_silently_dropped(system: System) -> None:
    person = system.person()
    body = {"username": person.username, "email": person.email}
    visitor = system.visitor()

    answers = [visitor.post("/password-resets", body) for _ in range(3)]
    system.wait_for_mails()

    assert [answer.status_code for answer in answers] == [202] * 3
    assert system.mailbox.count(person.email, "密碼重設") == 1


@pytest.mark.rule("LOGIN-8", "SEC-4")
def test_the_link_is_valid_for_an_hour(system: System) -> None:
    in_time, late = system.person(), system.person()
    tokens = [request_reset(system, person) for person in (in_time, late)]

    system.clock.advance(minutes=59, seconds=59)
    first = reset(system, tokens[0])
    system.clock.advance(seconds=1)
    second = reset(system, tokens[1])

    assert (first, second) == ((204, None), (410, "link_expired"))
    assert system.visitor().log_in(late).status_code == 201


@pytest.mark.rule("LOGIN-8", "SEC-4")
def test_the_link_works_once_and_then_counts_as_used(system: System) -> None:
    token = request_reset(system, system.person())
    reset(system, token)

    again = reset(system, token, "Yet-Another-Crane-99!")

    assert again == (410, "link_used")


@pytest.mark.rule("LOGIN-8", "SEC-4")
def test_a_newer_link_or_a_changed_password_voids_the_link(system: System) -> None:
    person = system.person()
    older = request_reset(system, person)
    system.clock.advance(seconds=60)
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    newer = system.mail(person.email, "密碼重設", count=2).token

    superseded = reset(system, older)
    system.logged_in(person).put("/account/password", {"current": person.password, "new": NEW})
    overtaken = reset(system, newer, "Yet-Another-Crane-99!")

    assert (superseded, overtaken) == ((410, "link_superseded"), (410, "link_superseded"))
    assert system.visitor().log_in(person, password=NEW).status_code == 201


@pytest.mark.rule("LOGIN-8", "SEC-2")
def test_a_refused_new_password_leaves_the_link_valid(system: System) -> None:
    person = system.person()
    token = request_reset(system, person)

    refusals = [reset(system, token, password) for password in ("", "short", person.password)]
    done = reset(system, token)

    assert refusals == [(422, "invalid_input"), (422, "invalid_input"), (422, "password_reused")]
    assert done == (204, None)


@pytest.mark.rule("LOGIN-8", "LOGIN-2")
def test_a_reset_clears_a_lock_that_strangers_caused(system: System) -> None:
    person = system.person()
    for _ in range(5):
        system.visitor().log_in(person, password="Wrong-Crane-88!")
    locked = system.visitor().log_in(person)

    reset(system, request_reset(system, person))

    assert (locked.status_code, system.visitor().log_in(person, password=NEW).status_code) == (429, 201)
