"""Operators look up and change accounts through a service that names the operator (OPS-1)."""

import json
from typing import Any

import pytest

from tests.support.actors.people import Person
from tests.support.actors.service_clients import admin_client, service_visitor
from tests.support.browser.text_normalization import normalize
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System


def usernames(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["username"] for each in answer.json()["items"]]


@pytest.mark.rule("OPS-1", "SEC-12")
def test_only_a_service_with_the_scope_and_a_named_operator_is_allowed(system: System) -> None:
    path = "/admin/accounts"
    named = {"X-Operator": "lin"}
    person = system.logged_in(system.person())
    service = service_visitor(system, "accounts:admin")

    answers = [
        system.visitor().get(path, **named),
        person.get(path, **named),
        service_visitor(system, "events:read").get(path, **named),
        service.get(path),
        service.get(path, **{"X-Operator": "x" * 65}),
        service.get(path, **named),
    ]

    assert [(each.status_code, each.json().get("code")) for each in answers] == [
        (401, "bad_client"),
        (401, "bad_client"),
        (403, "right_missing"),
        (400, "operator_missing"),
        (400, "operator_missing"),
        (200, None),
    ]


@pytest.mark.rule("OPS-1", "SEC-11")
def test_a_change_records_service_operator_reason_and_client_address(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)

    answer = admin_client(system).act(person, "suspend", reason="公司來函")

    (row,) = system.audit("account.suspended")
    assert (answer.status_code, answer.json()["status"]) == (200, "suspended")
    assert visitor.get("/session").status_code == 401
    assert (row.actor_kind, row.actor, row.reason) == ("operator", "林小姐", "公司來函")
    assert (row.via[:8], row.address, row.request_id) == (
        "service-",
        "127.0.0.1",
        answer.headers["X-Request-ID"],
    )


@pytest.mark.rule("OPS-1")
@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "why", "more": 1}])
def test_every_change_requires_a_reason(system: System, body: dict[str, Any]) -> None:
    person, service = system.person(), service_visitor(system, "accounts:admin")

    answer = service.post(f"/admin/accounts/{person.id}/suspend", body, **{"X-Operator": "lin"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_input")
    assert system.logged_in(person).get("/session").status_code == 200


@pytest.mark.rule("OPS-1")
def test_accounts_are_found_by_name_mailbox_tax_id_company_kind_and_status(system: System) -> None:
    service = admin_client(system)
    one = system.person(name="王小美", company={"tax_id": "62140097", "name": "港都報關股份有限公司"})
    two = system.person("link", name="李志強")
    three = system.register()

    found = {
        "name=小美": [one.username],
        f"name={two.username.upper()}": [two.username],
        f"mailbox={one.email.upper()}": [one.username],
        "tax_id=62140097": [one.username],
        "tax_id=6214\u200b0097": [one.username],
        "name=\u2f29美": [one.username],
        "company=港都": [one.username],
        "kind=link": [two.username],
        "status=email_unverified": [three.username],
        "company=港都&kind=link": [],
        "name=%25": [],
    }

    answers = {query: service.get(f"/admin/accounts?{query}") for query in found if query != "name=%25"}
    assert {query: usernames(answer) for query, answer in answers.items()} == {
        query: names for query, names in found.items() if query != "name=%25"
    }
    assert service.get("/admin/accounts?name=%25").status_code == 422
    assert usernames(service.get("/admin/accounts?name=%25%25")) == []


@pytest.mark.rule("OPS-1")
def test_lists_continue_where_the_previous_page_ended(system: System) -> None:
    people, service = [system.register() for _ in range(5)], admin_client(system)

    pages, after = [], ""
    for _ in range(4):
        page = service.get(f"/admin/accounts?limit=2{after}").json()
        pages.append([each["username"] for each in page["items"]])
        after = f"&after={page['next']}"
        if page["next"] is None:
            break

    assert [len(page) for page in pages] == [2, 2, 1]
    assert {name for page in pages for name in page} == {person.username for person in people}


@pytest.mark.rule("OPS-1", "SEC-13")
@pytest.mark.parametrize(
    "path",
    [
        "/admin/accounts?limit=0",
        "/admin/accounts?limit=201",
        "/admin/accounts?limit=many",
        "/admin/accounts?kind=other",
        "/admin/accounts?colour=red",
        "/admin/accounts?kind=link&kind=general",
        "/admin/audit?since=yesterday",
        "/admin/audit?since=0001-01-01T00:00:00%2B23:59",
        "/admin/audit?action=account.painted",
        "/admin/audit?before=0",
    ],
)
def test_query_parameters_are_bounded(system: System, path: str) -> None:
    assert admin_client(system).get(path).status_code == 422


@pytest.mark.rule("OPS-1")
def test_state_bindings_sessions_and_history_of_an_account_are_returned(system: System) -> None:
    service, general, holder = admin_client(system), system.person(), system.person("link")
    link = system.logged_in(holder)
    binding = system.bind_and_verify(link, general)
    link.switch(binding)

    history = service.get(f"/admin/accounts/{general.id}/history").json()["items"]
    state = service.get(f"/admin/accounts/{general.id}").json()
    bindings = service.get(f"/admin/accounts/{general.id}/bindings").json()["items"]
    sessions = service.get(f"/admin/accounts/{general.id}/sessions").json()["items"]

    assert (state["status"], state["email"], state["locked_until"]) == ("active", general.email, None)
    assert [(each["id"], each["link"]["username"]) for each in bindings] == [(binding, holder.username)]
    assert [(each["holder_id"], each["account_id"]) for each in sessions] == [(holder.id, general.id)]
    assert [each["action"] for each in history] == [
        "session.switched",
        "binding.verified",
        "bind_code.issued",
        "binding.requested",
        "account.email_verified",
        "verification.requested",
        "account.registered",
    ]
    assert general.password not in json.dumps([state, bindings, sessions, history])


@pytest.mark.rule("OPS-1")
def test_an_operation_that_the_state_does_not_allow_is_refused_and_recorded(system: System) -> None:
    person = system.person()

    answer = admin_client(system).act(person, "reinstate")

    (row,) = system.audit("account.act_refused")
    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (
        409,
        "wrong_state",
        "active",
    )
    assert (row.account_id, row.result, json.loads(row.detail)["act"]) == (
        person.id,
        "refused",
        "account.reinstated",
    )


@pytest.mark.rule("OPS-1", "BIND-6", "SEC-11")
def test_a_code_is_not_mailed_again_for_a_verified_binding_or_a_suspended_account(system: System) -> None:
    general, service = system.person(), admin_client(system)
    binding = system.bind_and_verify(system.logged_in(system.person("link")), general)
    resend = f"/admin/bindings/{binding}/resend-code"

    verified = service.post(resend)
    service.act(general, "suspend")
    suspended = service.post(resend)

    states = [(each.status_code, each.json()["state"]) for each in (verified, suspended)]
    written = [json.loads(row.detail) for row in system.audit("account.act_refused")]
    assert states == [(409, "verified"), (409, "suspended")]
    assert written == [{"act": "bind_code.issued", "state": state, "asserted": True} for _, state in states]


@pytest.mark.rule("OPS-1", "BIND-8", "UNB-1")
def test_a_removed_binding_cannot_be_removed_or_mailed(system: System) -> None:
    link, service = system.logged_in(system.person("link")), admin_client(system)
    removed, lapsed = (f"/admin/bindings/{system.bind(link, system.person())}" for _ in range(2))
    service.post(f"{removed}/remove")
    system.clock.advance(days=7)

    answers = [
        service.post(f"{removed}/remove"),
        service.post(f"{removed}/resend-code"),
        service.post(f"{lapsed}/resend-code"),
    ]

    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, "not_found")] * 3


@pytest.mark.rule("OPS-1", "LOGIN-2")
def test_an_operator_unlocks_a_locked_account(system: System) -> None:
    person, service = system.person(), admin_client(system)
    visitor = system.visitor()
    for _ in range(5):
        visitor.log_in(person, password="Wrong-Crane-88!")
    locked = visitor.log_in(person).status_code
    shown = service.get(f"/admin/accounts/{person.id}").json()["locked_until"]

    service.act(person, "unlock")

    assert (locked, shown is not None, visitor.log_in(person).status_code) == (429, True, 201)


@pytest.mark.rule("OPS-1", "LOGIN-2")
def test_unlocking_clears_the_locks_of_known_browsers_too(system: System) -> None:
    person = system.person()
    visitor = system.logged_in(person)
    for _ in range(5):
        visitor.log_in(person, password="Wrong-Crane-88!")
    locked = visitor.log_in(person).status_code

    admin_client(system).act(person, "unlock")

    assert (locked, visitor.log_in(person).status_code) == (429, 201)


@pytest.mark.rule("OPS-1", "PRO-2", "PRO-3")
def test_a_new_mailbox_is_verified_by_link_and_the_old_mailbox_gets_a_notice(system: System) -> None:
    person, service = system.person(), admin_client(system)
    new = f"new.{person.email}"

    answer = service.put(f"/admin/accounts/{person.id}/mailbox", email=new, reason="信箱已停用")
    before = service.get(f"/admin/accounts/{person.id}").json()
    confirmed = system.confirm(system.mail(new, "Email").token)

    assert (answer.status_code, before["email"], before["pending_email"]) == (202, person.email, new)
    assert confirmed.json()["purpose"] == "email_change"
    assert service.get(f"/admin/accounts/{person.id}").json()["email"] == new
    notices = [system.mail(person.email, subject) for subject in ("Email 變更申請通知", "Email 變更完成")]
    assert [person.username in notice.text for notice in notices] == [True, True]
    assert "/email/cancel?token=" in notices[0].link
    (row,) = system.audit("account.mailbox_set")
    assert (row.reason, new in str(system.audit())) == ("信箱已停用", False)


@pytest.mark.rule("OPS-1", "VER-5")
def test_correcting_a_mistyped_mailbox_voids_its_link(system: System) -> None:
    person = system.register()
    new, old = f"new.{person.email}", system.mail(person.email, "註冊").token
    system.clock.advance(minutes=2)

    admin_client(system).put(f"/admin/accounts/{person.id}/mailbox", email=new)
    right = system.mail(new, "註冊").token

    assert system.confirm(old).status_code == 410
    assert system.confirm(right).json()["status"] == "active"


@pytest.mark.rule("OPS-1", "VER-7")
def test_no_link_is_mailed_for_an_account_that_has_lapsed(system: System) -> None:
    person, service = system.register(), admin_client(system)
    system.clock.advance(days=7)

    again = service.act(person, "resend-mail")
    elsewhere = service.put(f"/admin/accounts/{person.id}/mailbox", email=f"new.{person.email}")

    states = [(each.status_code, each.json()["state"]) for each in (again, elsewhere)]
    assert states == [(409, "lapsed")] * 2


@pytest.mark.rule("OPS-1", "REG-9")
def test_a_taken_or_unchanged_mailbox_is_refused(system: System) -> None:
    holder, person, service = system.person(), system.person(), admin_client(system)

    taken = service.put(f"/admin/accounts/{person.id}/mailbox", email=holder.email)
    same = service.put(f"/admin/accounts/{person.id}/mailbox", email=person.email)

    assert (taken.status_code, taken.json()["code"]) == (409, "mailbox_taken")
    assert (same.status_code, same.json()["errors"][0]["pointer"]) == (422, "/email")


@pytest.mark.rule("OPS-1", "SW-5")
def test_removing_a_binding_ends_its_switched_sessions_and_notifies_the_general_account(
    system: System,
) -> None:
    general = system.person()
    link = system.logged_in(system.person("link"))
    binding = system.bind_and_verify(link, general)
    link.switch(binding)

    answer = admin_client(system).post(f"/admin/bindings/{binding}/remove")

    assert answer.status_code == 204
    assert link.get("/session").status_code == 401
    assert system.events(general.id)[-1].data["reason"] == "operator"
    assert normalize("解除") in normalize(system.mail(general.email, "解除").text)


@pytest.mark.rule("OPS-1", "REV-2")
def test_an_applicant_is_approved_or_rejected_through_the_service(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="both")
    good, bad, service = system.person(), system.person(), admin_client(system)

    approved = service.act(good, "approve")
    rejected = service.act(bad, "reject", reason="公司統編與公司名稱不符")

    assert (approved.json()["status"], rejected.json()["status"]) == ("active", "closed")
    assert normalize("公司統編與公司名稱不符") in normalize(system.mail(bad.email, "審核未通過").text)


@pytest.mark.rule("OPS-1")
def test_unknown_accounts_bindings_and_sessions_are_404(system: System) -> None:
    service = admin_client(system)
    nobody = Person("00000000-0000-4000-8000-000000000000", "general", "", "", "")

    answers = [
        service.get(f"/admin/accounts/{nobody.id}"),
        service.act(nobody, "suspend"),
        service.post(f"/admin/sessions/{nobody.id}/end"),
        service.post(f"/admin/bindings/{nobody.id}/remove"),
        service.get(f"/admin/audit?account={nobody.id}"),
    ]

    assert {each.status_code for each in answers} == {404}


@pytest.mark.rule("OPS-1", "SEC-11")
def test_the_audit_log_is_filtered_by_account_operator_action_and_time(system: System) -> None:
    person, lin, chen = system.person(), admin_client(system), admin_client(system, "陳先生")
    lin.act(person, "suspend")
    system.clock.advance(days=1)
    since = system.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    chen.act(person, "reinstate")

    def actions(query: str) -> list[str]:
        found = [each["action"] for each in lin.get(f"/admin/audit?{query}").json()["items"]]
        return [action for action in found if action != "audit.read"]

    assert actions("operator=林小姐") == ["account.suspended"]
    assert actions(f"since={since}") == ["account.reinstated"]
    assert actions(f"account={person.username}&limit=2") == ["account.reinstated", "account.suspended"]
    assert actions("action=account.suspended&operator=陳先生") == []
