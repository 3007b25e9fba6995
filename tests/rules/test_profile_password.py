"""A password change requires the current password, ends other sessions and mails a notice (PRO-4, SEC-2)."""

import json
from itertools import pairwise

import pytest

from tests.support.actors.people import Visitor, unique
from tests.support.harness.system import System

NEW = "Another-Crane-88!"


def change(visitor: Visitor, current: str, new: str) -> tuple[int, str | None]:
    """Change the password; return status and error code."""
    answer = visitor.put("/account/password", {"current": current, "new": new})
    return answer.status_code, answer.json()["code"] if answer.content else None


@pytest.mark.rule("PRO-4", "SEC-7")
def test_a_changed_password_ends_every_session_except_the_current(system: System) -> None:
    person = system.person()
    this, others = system.logged_in(person), [system.logged_in(person) for _ in range(2)]

    done = change(this, person.password, NEW)

    assert done == (204, None)
    assert [each.get("/session").status_code for each in (this, *others)] == [200, 401, 401]
    assert system.visitor().log_in(person).status_code == 401
    assert system.visitor().log_in(person, password=NEW).status_code == 201


@pytest.mark.rule("PRO-4", "SEC-7")
def test_a_password_change_ends_switched_sessions_of_the_general_account_too(system: System) -> None:
    general = system.person()
    link = system.logged_in(system.person("link"))
    link.switch(system.bind_and_verify(link, general))

    change(system.logged_in(general), general.password, NEW)

    assert link.get("/session").status_code == 401


@pytest.mark.rule("PRO-4")
def test_a_notice_is_mailed_and_an_event_published(system: System) -> None:
    person = system.person()

    change(system.logged_in(person), person.password, NEW)
    notice = system.mail(person.email, "密碼變更")

    assert (person.username in notice.text, NEW in notice.text + notice.html) == (True, False)
    assert system.events(person.id)[-1].data == {"reason": "changed"}


@pytest.mark.rule("PRO-4")
def test_a_change_requires_the_current_password(system: System) -> None:
    person = system.person()
    visitor, other = system.logged_in(person), system.logged_in(person)

    refused = change(visitor, "Wrong-Crane-88!", NEW)

    assert refused == (403, "bad_password")
    assert other.get("/session").status_code == 200
    assert system.visitor().log_in(person).status_code == 201


@pytest.mark.rule("PRO-4", "SEC-19")
def test_a_stolen_session_ends_after_five_wrong_passwords_and_locks_nobody_out(system: System) -> None:
    person = system.person()
    thief, owner = system.logged_in(person), system.logged_in(person)

    guesses = [change(thief, "Wrong-Crane-88!", NEW) for _ in range(6)]
    right = change(owner, person.password, NEW)

    assert guesses == [(403, "bad_password")] * 4 + [(401, "not_signed_in")] * 2
    assert right == (204, None)
    (ended,) = system.audit("session.ended")
    assert json.loads(ended.detail)["why"] == "password"


@pytest.mark.rule("PRO-4", "SEC-19")
def test_a_right_password_clears_the_failures_of_the_session(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)

    answers = []
    for _ in range(3):
        answers += [change(visitor, "Wrong-Crane-88!", NEW) for _ in range(4)]
        answers.append(change(visitor, person.password, person.password))

    assert answers == ([(403, "bad_password")] * 4 + [(422, "password_reused")]) * 3


@pytest.mark.rule("PRO-4", "SEC-2", "REG-11")
def test_a_weak_password_is_reported_at_its_field(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)

    refused = visitor.put(
        "/account/password", {"current": person.password, "new": f"Xq7-{person.username}-v"}
    )

    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["pointer"], error["code"]) == (422, "/new", "password_personal")


@pytest.mark.rule("PRO-4", "SEC-2")
def test_the_last_three_passwords_are_refused_and_older_passwords_accepted(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    passwords = [person.password, NEW, "Third-Crane-99!", "Fourth-Crane-66!"]
    for current, new in pairwise(passwords):
        assert change(visitor, current, new) == (204, None)

    reused = [change(visitor, passwords[-1], password) for password in reversed(passwords[1:])]
    oldest = change(visitor, passwords[-1], passwords[0])

    assert reused == [(422, "password_reused")] * 3
    assert oldest == (204, None)


@pytest.mark.rule("PRO-4", "SEC-2")
def test_a_new_password_must_meet_the_rules_of_registration(system: System) -> None:
    person = system.person(email=f"{unique()}harbour.master@example.com", mobile="0928374650")
    visitor = system.logged_in(person)
    owned = visitor.get("/account").json()
    said = {name: owned[name] for name in ("username", "name", "mobile", "email")}
    said |= {name: owned["company"][name.removeprefix("company_")] for name in ("company_name", "tax_id")}

    codes = {
        name: [
            error["code"]
            for error in visitor.put(
                "/account/password", {"current": person.password, "new": f"Xq7-{word}-vRm2pTq"}
            ).json()["errors"]
        ]
        for name, word in said.items()
    }

    assert codes == {name: ["password_personal"] for name in said}
