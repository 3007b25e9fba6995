"""Every API call that changes data writes a row of the audit log (SEC-11)."""

from typing import Any

import httpx
import pytest
from identity.domain.audit import ACTIONS

from tests.support.actors.grants import add_oidc_client, open_grant_with_token
from tests.support.actors.oidc_clients import REDIRECT_URI
from tests.support.actors.people import PASSWORD, Person, Visitor
from tests.support.actors.service_clients import AdminClient, admin_client, service_visitor
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

CHANGES = ("POST", "PUT", "PATCH", "DELETE")
NEW_PASSWORD = "Lantern-Quay-31!"


class Walk:
    """Records the calls by which its visitors change data, and in `silent` those that wrote no row."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.made: set[tuple[str, str]] = set()
        self.silent: list[tuple[str, str]] = []
        self.admin = self.watched(admin_client(system))
        self._urls = system.app.url_map.bind("")

    def watched(self, visitor: Any) -> Any:
        visitor.http.event_hooks["request"].append(self._before)
        visitor.http.event_hooks["response"].append(self._after)
        return visitor

    def _rows(self) -> int:
        return int(self.system.rows("SELECT count(*) FROM audit")[0][0])

    def _before(self, _request: httpx.Request) -> None:
        self._count = self._rows()

    def _after(self, answer: httpx.Response) -> None:
        method = answer.request.method
        if method not in CHANGES:
            return
        assert answer.is_success, f"{method} {answer.request.url}: {answer.read().decode()}"
        rule, _ = self._urls.match(answer.request.url.path, method, return_rule=True)
        self.made.add((method, rule.rule))
        if self._rows() == self._count:
            self.silent.append((method, rule.rule))

    def visitor(self) -> Visitor:
        visitor: Visitor = self.watched(self.system.visitor())
        return visitor

    def registered(self, kind: str = "general") -> Person:
        person = self.system.register(kind)
        self.made.add(("POST", "/api/v1/accounts"))
        self.visitor().post(
            "/email-verifications/confirm", {"token": self.system.mail(person.email, "註冊").token}
        )
        return person

    def approved(self) -> Person:
        person = self.registered()
        self.admin.act(person, "approve")
        return person

    def logged_in(self, person: Person, password: str = PASSWORD) -> Visitor:
        visitor = self.visitor()
        if visitor.log_in(person, password=password).json()["next"] == "consent":
            visitor.accept_consents()
        return visitor


def _unproven(walk: Walk) -> None:
    person = walk.system.register()
    visitor = walk.visitor()
    visitor.log_in(person)
    walk.system.clock.advance(minutes=2)
    visitor.post("/email-verifications")
    walk.system.clock.advance(minutes=2)
    walk.admin.act(person, "resend-mail")
    walk.system.clock.advance(minutes=2)
    visitor.put("/email-verifications/mailbox", {"email": f"new.{person.email}", "password": PASSWORD})


def _bindings(walk: Walk, general: Person) -> None:
    link, own = walk.logged_in(walk.registered("link")), walk.logged_in(general)

    def bind() -> str:
        walk.system.clock.advance(minutes=2)
        body = {"username": general.username, "password": general.password}
        return str(link.post("/bindings", body).json()["id"])

    binding = bind()
    walk.system.clock.advance(minutes=2)
    link.post(f"/bindings/{binding}/code")
    walk.system.clock.advance(minutes=2)
    walk.admin.post(f"/admin/bindings/{binding}/resend-code")
    code = walk.system.mail(general.email, "驗證碼", count=3).code
    link.post(f"/bindings/{binding}/verify", {"code": code})
    link.switch(binding)
    link.switch_back()
    link.delete(f"/bindings/{binding}")
    bind()
    own.delete("/account/binding")
    walk.admin.post(f"/admin/bindings/{bind()}/remove")


def _own_account(walk: Walk, person: Person) -> None:
    own, other = walk.logged_in(person), walk.logged_in(person)
    match = {"If-Match": own.get("/account").headers["ETag"]}
    own.patch("/account", {"mobile": "0987654321"}, **match)
    match = {"If-Match": own.get("/account").headers["ETag"]}
    own.patch("/account", {"email": f"new.{person.email}", "current_password": PASSWORD}, **match)
    own.delete("/account/pending-email")
    mine = next(each["id"] for each in other.get("/sessions").json()["items"] if not each["current"])
    other.delete(f"/sessions/{mine}")
    own = walk.logged_in(person)
    own.delete("/sessions")
    own.put("/account/password", {"current": PASSWORD, "new": NEW_PASSWORD})
    own.delete("/session")
    walk.visitor().post("/username-reminders", {"email": person.email})
    walk.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    token = walk.system.mail(person.email, "重設").token
    walk.visitor().post("/password-resets/confirm", {"token": token, "password": "Meadow-Copper-58!"})


def _operators(walk: Walk, person: Person) -> None:
    visitor = walk.logged_in(person)
    session = visitor.get("/sessions").json()["items"][0]["id"]
    walk.admin.post(f"/admin/sessions/{session}/end")
    for act in ("end-sessions", "unlock", "suspend", "reinstate"):
        walk.admin.act(person, act)
    walk.admin.put(f"/admin/accounts/{person.id}/mailbox", email=f"new.{person.email}")
    token = walk.system.mail(person.email, "變更申請通知").token
    walk.visitor().post("/email-changes/cancel", {"token": token})
    walk.admin.act(person, "close")
    walk.admin.act(walk.registered(), "reject")


def _services(walk: Walk, person: Person) -> None:
    own, client = walk.logged_in(person), add_oidc_client(walk.system)
    mine, other = (open_grant_with_token(walk.system, client, person) for _ in range(2))
    own.delete(f"/sessions/{mine.session_id}/grants/{mine.id}")
    walk.admin.post(f"/admin/grants/{other.id}/end")
    registrar = walk.watched(AdminClient(service_visitor(walk.system, "clients:manage")))
    registrar.put(f"/admin/clients/{client}/oidc", display_name="通行證系統", redirect_uris=[REDIRECT_URI])


@pytest.mark.rule("SEC-11", "OPS-1")
def test_every_changing_call_writes_a_row(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_REVIEW="general")
    walk = Walk(system)

    _unproven(walk)
    _bindings(walk, walk.approved())
    _own_account(walk, walk.approved())
    _services(walk, walk.approved())
    _operators(walk, walk.approved())

    changing = {
        (method, rule.rule)
        for rule in system.app.url_map.iter_rules()
        for method in (rule.methods or set()) & set(CHANGES)
        if rule.rule.startswith("/api/v1/")
    }
    assert (walk.silent, changing - walk.made) == ([], set())
    assert {row.action for row in system.audit()} <= set(ACTIONS)


def test_registration_writes_a_row(system: System) -> None:
    person = system.register()

    assert [row.action for row in system.audit() if row.account_id == person.id] == [
        "account.registered",
        "verification.requested",
    ]
