"""Which grants each event ends, for which reason and with which logouts (OIDC-21)."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from identity.domain.client_registration import Registration
from identity.usecases import oidc_clients, service_clients

from tests.support.actors.grants import OpenGrant, add_oidc_client, open_grant_with_token
from tests.support.actors.oidc_clients import REDIRECT_URI
from tests.support.actors.people import Person, Visitor
from tests.support.actors.profile_changes import request_email_change
from tests.support.harness.commands import invoke
from tests.support.harness.system import System

NEW_PASSWORD = "Another-Crane-88!"
REASON = ("--reason", "asked for by phone")


@dataclass
class Setting:
    """Three grants at a client.

    `acting`: a link account acts for a company; `unbound`: it acts for none; `own`: the company's general account.
    """

    system: System
    client: str
    link: Person
    general: Person
    binding: str
    link_visitor: Visitor
    general_visitor: Visitor
    acting: OpenGrant
    own: OpenGrant
    unbound: OpenGrant

    def operator(self, *command: str) -> None:
        ended = invoke(self.system, *command, *REASON)
        assert ended.exit_code == 0, ended.output

    def acts_as(self, grant: str) -> str:
        """Return the id of the account for which a grant acts."""
        return (self.link if grant == "unbound" else self.general).id


Act = Callable[[Setting], object]


@pytest.fixture
def setting(system: System) -> Setting:
    client = add_oidc_client(system)
    link, general = system.person("link"), system.person()
    link_visitor, general_visitor = system.logged_in(link), system.logged_in(general)
    binding = system.bind_and_verify(link_visitor, general)
    return Setting(
        system, client, link, general, binding, link_visitor, general_visitor,
        acting=open_grant_with_token(system, client, link, account=general, binding=binding),
        own=open_grant_with_token(system, client, general),
        unbound=open_grant_with_token(system, client, link),
    )  # fmt: skip


def link_unbinds(setting: Setting) -> None:
    assert setting.link_visitor.delete(f"/bindings/{setting.binding}").is_success


def general_unbinds(setting: Setting) -> None:
    assert setting.general_visitor.delete("/account/binding").is_success


def operator_unbinds(setting: Setting) -> None:
    setting.operator("bindings", "remove", setting.binding)


def suspend_general(setting: Setting) -> None:
    setting.operator("accounts", "suspend", setting.general.username)


def suspend_link(setting: Setting) -> None:
    setting.operator("accounts", "suspend", setting.link.username)


def close_general(setting: Setting) -> None:
    setting.operator("accounts", "close", setting.general.username)


def close_link(setting: Setting) -> None:
    setting.operator("accounts", "close", setting.link.username)


def change_password(setting: Setting) -> None:
    changed = {"current": setting.general.password, "new": NEW_PASSWORD}
    assert setting.general_visitor.put("/account/password", changed).is_success
    assert setting.general_visitor.get("/session").status_code == 200, "its own session continues"


def reset_password(setting: Setting) -> None:
    person = setting.link
    setting.system.visitor().post("/password-resets", {"username": person.username, "email": person.email})
    token = setting.system.mail(person.email, "密碼重設").token
    confirmed = setting.system.visitor().post(
        "/password-resets/confirm", {"token": token, "password": NEW_PASSWORD}
    )
    assert confirmed.is_success


def operator_ends_sessions(setting: Setting) -> None:
    setting.operator("sessions", "end", "--account", setting.general.username)


def operator_ends_one_session(setting: Setting) -> None:
    setting.operator("sessions", "end", setting.acting.session_id)


def log_out(setting: Setting) -> None:
    assert setting.link_visitor.delete("/session").is_success


def end_session_elsewhere(setting: Setting) -> None:
    other = setting.system.logged_in(setting.link)
    assert other.delete(f"/sessions/{setting.acting.session_id}").is_success


def end_all_others(setting: Setting) -> None:
    assert setting.system.logged_in(setting.general).delete("/sessions").is_success


def log_in_too_often(setting: Setting) -> None:
    for _ in range(20):
        setting.system.clock.advance(seconds=1)
        setting.system.logged_in(setting.general)


def cancel_email_change(setting: Setting) -> None:
    request_email_change(setting.general_visitor, setting.general)
    token = setting.system.mail(setting.general.email, "Email 變更申請通知").token
    assert setting.system.visitor().post("/email-changes/cancel", {"token": token}).is_success


def revoke_client(setting: Setting) -> None:
    with setting.system.app.app_context():
        service_clients.revoke(setting.system.ports, setting.client)


def cut_scopes(setting: Setting) -> None:
    narrower = Registration(
        display_name="通行證系統", redirect_uris=[REDIRECT_URI],
        backchannel_uri="https://pass.example/logout", scopes=["openid"],
    )  # fmt: skip
    with setting.system.app.app_context():
        oidc_clients.register(setting.system.ports, setting.client, narrower)


def portal_idles(setting: Setting) -> None:
    setting.system.clock.advance(minutes=31)
    assert setting.general_visitor.get("/session").status_code == 401


def tidy_after_idling(setting: Setting) -> None:
    portal_idles(setting)
    assert invoke(setting.system, "tidy").exit_code == 0


def switch_and_return(setting: Setting) -> None:
    assert setting.link_visitor.switch(setting.binding).is_success
    assert setting.link_visitor.switch_back().is_success


def end_another_session(setting: Setting) -> None:
    setting.system.logged_in(setting.general)
    assert setting.general_visitor.delete("/sessions").is_success


BOTH, ALL = {"acting", "own"}, {"acting", "own", "unbound"}
OF_LINK = {"acting", "unbound"}
TABLE: list[tuple[Act, set[str], str]] = [
    (link_unbinds, {"acting"}, "binding_removed"),
    (general_unbinds, {"acting"}, "binding_removed"),
    (operator_unbinds, {"acting"}, "binding_removed"),
    (suspend_general, BOTH, "account_suspended"),
    (suspend_link, OF_LINK, "account_suspended"),
    (close_general, BOTH, "account_closed binding_removed"),  # the bindings end before the account
    (close_link, OF_LINK, "account_closed binding_removed"),
    (change_password, BOTH, "password_changed"),
    (reset_password, OF_LINK, "password_changed"),
    (operator_ends_sessions, BOTH, "operator"),
    (operator_ends_one_session, OF_LINK, "operator"),
    (log_out, OF_LINK, "logout"),
    (end_session_elsewhere, OF_LINK, "session_ended"),
    (end_all_others, {"own"}, "session_ended"),
    (log_in_too_often, {"own"}, "session_ended"),
    (revoke_client, ALL, "client_revoked"),
    (cut_scopes, ALL, "scopes_cut"),
    (portal_idles, set(), ""),
    (tidy_after_idling, set(), ""),
    (switch_and_return, set(), ""),
    (end_another_session, set(), ""),
]


@pytest.mark.rule("OIDC-21")
@pytest.mark.parametrize(("act", "ends", "reason"), TABLE, ids=[act.__name__ for act, *_ in TABLE])
def test_an_event_ends_exactly_the_listed_grants(
    setting: Setting, act: Act, ends: set[str], reason: str
) -> None:
    grants = {name: getattr(setting, name) for name in ALL}
    before = [grant.is_active for grant in grants.values()]

    act(setting)

    assert before == [True] * 3
    assert {name for name, grant in grants.items() if not grant.is_active} == ends
    assert {name for name, grant in grants.items() if grant.logouts} == ends
    assert {grant.ended_reason for grant in grants.values()} - {None} == set(reason.split())
    for name in ends:
        assert grants[name].logouts == [(setting.client, setting.acts_as(name))]
