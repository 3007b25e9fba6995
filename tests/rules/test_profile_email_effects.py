"""What a change of email voids, and what voids a pending change (PRO-2, PRO-3)."""

import pytest

from tests.support.actors.profile_changes import masked, request_email_change
from tests.support.harness.commands import invoke
from tests.support.harness.system import System


@pytest.mark.rule("PRO-2")
def test_a_change_voids_open_bind_codes(system: System) -> None:
    general = system.person()
    link = system.logged_in(system.person("link"))
    binding = system.bind(link, general)
    code = system.mail(general.email, "驗證碼").code
    email = request_email_change(system.logged_in(general), general)

    system.confirm(system.mail(email, "Email 變更驗證").token)
    refused = link.post(f"/bindings/{binding}/verify", {"code": code})

    assert (refused.status_code, refused.json()["code"]) == (410, "code_expired")


@pytest.mark.rule("PRO-2", "LOGIN-8")
def test_a_change_voids_reset_links_of_the_old_mailbox(system: System) -> None:
    person = system.person()
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    reset = system.mail(person.email, "密碼重設").token
    email = request_email_change(system.logged_in(person), person)

    system.confirm(system.mail(email, "Email 變更驗證").token)
    refused = system.visitor().post(
        "/password-resets/confirm", {"token": reset, "password": "Another-Crane-88!"}
    )

    assert (refused.status_code, refused.json()["code"]) == (410, "link_superseded")


@pytest.mark.rule("PRO-3")
def test_the_old_mailbox_gets_a_notice_with_the_masked_new_mailbox(system: System) -> None:
    person = system.person()
    email = request_email_change(system.logged_in(person), person)

    system.confirm(system.mail(email, "Email 變更驗證").token)
    notice = system.mail(person.email, "Email 變更完成")

    assert masked(email) in notice.text
    assert email not in notice.text + notice.html


@pytest.mark.rule("PRO-2")
def test_the_old_mailbox_is_free_for_another_account_afterwards(system: System) -> None:
    person = system.person()
    email = request_email_change(system.logged_in(person), person)
    system.confirm(system.mail(email, "Email 變更驗證").token)

    system.register(email=person.email)
    answer = system.confirm(system.mail(person.email, "註冊通知信件", count=2).token)

    assert answer.status_code == 200


@pytest.mark.rule("PRO-2", "LOGIN-8")
def test_a_password_reset_voids_a_pending_change(system: System) -> None:
    person = system.person()
    email = request_email_change(system.logged_in(person), person)
    token = system.mail(email, "Email 變更驗證").token
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    reset = system.mail(person.email, "密碼重設").token

    system.visitor().post("/password-resets/confirm", {"token": reset, "password": "Another-Crane-88!"})
    refused = system.confirm(token)

    owner = system.visitor()
    owner.log_in(person, password="Another-Crane-88!")
    owner.accept_consents()
    assert (refused.status_code, refused.json()["code"]) == (410, "link_superseded")
    assert owner.get("/account").json()["pending_email"] is None


@pytest.mark.rule("PRO-2", "PRO-4")
def test_a_password_change_voids_a_pending_change(system: System) -> None:
    person = system.person()
    owner, thief = system.logged_in(person), system.logged_in(person)
    token = system.mail(request_email_change(thief, person), "Email 變更驗證").token

    changed = owner.put("/account/password", {"current": person.password, "new": "Another-Crane-88!"})
    refused = system.confirm(token)

    assert changed.status_code == 204
    assert (refused.status_code, refused.json()["code"]) == (410, "link_superseded")
    assert owner.get("/account").json()["pending_email"] is None


@pytest.mark.rule("PRO-2", "OPS-2")
def test_a_suspension_voids_a_pending_change(system: System) -> None:
    person = system.person()
    token = system.mail(request_email_change(system.logged_in(person), person), "Email 變更驗證").token

    invoke(system, "accounts", "suspend", person.username, "--reason", "冒用")
    refused = system.confirm(token)
    invoke(system, "accounts", "reinstate", person.username, "--reason", "已查明")

    assert (refused.status_code, refused.json()["code"]) == (410, "link_superseded")
    account = system.logged_in(person).get("/account").json()
    assert (account["email"], account["pending_email"]) == (person.email, None)
