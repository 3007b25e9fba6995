"""A person and operators can list the services of each login and end them (OIDC-24)."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.actors.grants import OpenGrant, add_oidc_client, open_grant_with_token
from tests.support.actors.people import Person, Visitor
from tests.support.actors.service_clients import add_service
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System

REASON = ("--reason", "asked for by phone")


@dataclass
class Setting:
    """A link account with two grants at a client: `acting` for a company, and `alone` without a company."""

    system: System
    client: str
    link: Person
    general: Person
    visitor: Visitor
    acting: OpenGrant
    alone: OpenGrant

    def items(self, visitor: Visitor | None = None) -> list[dict[str, Any]]:
        """Return the sessions that the account's API lists, by default for the link account."""
        found: list[dict[str, Any]] = (visitor or self.visitor).get("/sessions").json()["items"]
        return found

    def operator(self) -> "Operator":
        visitor = self.system.visitor()
        visitor.token = add_service(self.system, "accounts:admin").secret
        return Operator(visitor)


@dataclass
class Operator:
    visitor: Visitor

    def get(self, path: str) -> Any:
        return self.visitor.get(f"/admin{path}", **{"X-Operator": "lin"}).json()

    def post(self, path: str) -> int:
        answer = self.visitor.post(f"/admin{path}", {"reason": REASON[1]}, **{"X-Operator": "lin"})
        return int(answer.status_code)


@pytest.fixture
def setting(system: System) -> Setting:
    client = add_oidc_client(system)
    link, general = system.person("link"), system.person(company={"name": "港生運輸有限公司"})
    visitor = system.logged_in(link)
    binding = system.bind_and_verify(visitor, general)
    acting = open_grant_with_token(system, client, link, account=general, binding=binding)
    system.clock.advance(seconds=1)
    return Setting(
        system, client, link, general, visitor, acting, open_grant_with_token(system, client, link)
    )


@pytest.mark.rule("OIDC-24")
def test_each_login_shows_its_services_and_companies(setting: Setting) -> None:
    elsewhere = setting.system.logged_in(setting.link)

    newest, oldest = setting.items(elsewhere)

    alone, acting = oldest["services"]
    assert (newest["services"], newest["portal"], oldest["portal"]) == ([], True, True)
    assert acting == {
        "id": setting.acting.id,
        "client": setting.client,
        "name": "通行證系統",
        "company": {"tax_id": setting.general.tax_id, "name": "港生運輸有限公司"},
        "created_at": acting["created_at"],
        "expires_at": acting["expires_at"],
    }
    assert (alone["id"], alone["company"]) == (setting.alone.id, None)


@pytest.mark.rule("OIDC-24")
def test_one_service_is_ended_and_notified_while_the_others_continue(setting: Setting) -> None:
    grant = setting.acting
    path = f"/sessions/{grant.session_id}/grants/{grant.id}"

    ended = [setting.visitor.delete(path).status_code for _ in range(2)]

    assert ended == [204, 404]
    assert (grant.is_active, grant.ended_reason, setting.alone.is_active) == (False, "session_ended", True)
    assert grant.logouts == [(setting.client, setting.general.id)]
    assert [each["id"] for each in setting.items()[0]["services"]] == [setting.alone.id]
    assert grant.id in setting.system.audit("grant.ended")[0].detail


@pytest.mark.rule("OIDC-24")
def test_a_person_cannot_end_other_peoples_services(setting: Setting) -> None:
    stranger = setting.system.logged_in(setting.general)
    grant = setting.acting

    answers = [
        stranger.delete(f"/sessions/{grant.session_id}/grants/{grant.id}").status_code,
        stranger.delete(f"/sessions/{grant.session_id}").status_code,
        setting.visitor.delete(f"/sessions/{grant.id}/grants/{grant.id}").status_code,
    ]

    assert answers == [404, 404, 404]
    assert setting.acting.is_active
    assert [each["services"] for each in setting.items(stranger)] == [[]]


@pytest.mark.rule("OIDC-24", "SW-4")
def test_a_switched_session_cannot_end_a_service(setting: Setting) -> None:
    (binding,) = setting.system.rows("SELECT id FROM bindings")[0]
    setting.visitor.switch(binding)

    refused = setting.visitor.delete(f"/sessions/{setting.acting.session_id}/grants/{setting.acting.id}")

    assert (refused.status_code, refused.json()["code"]) == (403, "while_switched")


@pytest.mark.rule("OIDC-24")
@pytest.mark.parametrize("tidied", [False, True])
def test_services_of_a_login_that_timed_out_at_the_portal_are_listed_and_can_be_ended(
    setting: Setting, *, tidied: bool
) -> None:
    setting.system.clock.advance(minutes=31)
    if tidied:
        invoke(setting.system, "tidy")
    again = setting.system.logged_in(setting.link)

    here, before = setting.items(again)
    ended = again.delete(f"/sessions/{before['id']}").status_code

    assert (here["current"], here["portal"], here["services"]) == (True, True, [])
    assert (before["current"], before["portal"], len(before["services"])) == (False, False, 2)
    assert ("address" in before) is not tidied
    assert before["expires_at"] == before["services"][0]["expires_at"]
    assert (ended, setting.acting.is_active, setting.alone.is_active) == (204, False, False)
    assert [each["id"] for each in setting.items(again)] == [here["id"]]
    assert again.delete(f"/sessions/{before['id']}").status_code == 404


@pytest.mark.rule("OIDC-24")
def test_ending_all_others_ends_timed_out_logins_too(setting: Setting) -> None:
    setting.system.clock.advance(minutes=31)
    again = setting.system.logged_in(setting.link)
    mine = open_grant_with_token(setting.system, setting.client, setting.link)

    assert again.delete("/sessions").status_code == 204

    assert [grant.is_active for grant in (setting.acting, setting.alone, mine)] == [False, False, True]


@pytest.mark.rule("OIDC-24")
def test_operators_list_and_end_services_by_the_admin_api(setting: Setting) -> None:
    operator = setting.operator()

    (of_link,) = operator.get(f"/accounts/{setting.link.id}/sessions")["items"]
    of_general = operator.get(f"/accounts/{setting.general.id}/sessions")["items"]
    ended = [operator.post(f"/grants/{setting.acting.id}/end") for _ in range(2)]

    acting = of_link["services"][1]
    assert (acting["holder_id"], acting["account_id"]) == (setting.link.id, setting.general.id)
    assert (acting["session_id"], acting["scopes"]) == (setting.acting.session_id, ["openid"])
    assert [[each["id"] for each in login["services"]] for login in of_general] == [[setting.acting.id]]
    assert ended == [204, 404]
    assert setting.acting.ended_reason == "operator"
    (recorded,) = setting.system.audit("grant.ended")
    assert (recorded.actor_kind, recorded.reason) == ("operator", REASON[1])


@pytest.mark.rule("OIDC-24")
def test_operators_list_and_end_a_login_whose_session_has_ended(setting: Setting) -> None:
    setting.system.clock.advance(minutes=31)
    invoke(setting.system, "tidy")
    listed = invoke(setting.system, "sessions", "list", setting.link.username)
    (login,) = json_output(invoke(setting.system, "sessions", "list", setting.link.username, "--json"))

    ended = invoke(setting.system, "sessions", "end", login["id"], *REASON)

    assert (login["portal"], login["holder_id"]) == (False, setting.link.id)
    assert "通行證系統, 通行證系統" in listed.output
    assert (ended.exit_code, setting.acting.ended_reason) == (0, "operator")
    assert [row.account_id for row in setting.system.audit("session.ended")] == [setting.link.id]


@pytest.mark.rule("OIDC-24", "OPS-6")
def test_the_export_of_personal_data_includes_current_and_ended_services(setting: Setting) -> None:
    setting.visitor.delete(f"/sessions/{setting.acting.session_id}/grants/{setting.acting.id}")

    of_link = json_output(invoke(setting.system, "accounts", "export", setting.link.username, *REASON))
    of_general = json_output(invoke(setting.system, "accounts", "export", setting.general.username, *REASON))

    assert [(each["id"], each["ended_reason"]) for each in of_link["services"]] == [
        (setting.alone.id, None),
        (setting.acting.id, "session_ended"),
    ]
    assert of_general["services"] == []
