"""Back-channel logout: its tokens, retries and leases, and the operators' commands (OIDC-22, OIDC-25)."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from identity.domain.backchannel_logout import LEASE, MAX_AT_ONCE
from identity.domain.oidc_client import IdTokenAlg
from identity.usecases.backchannel_logout import (
    NotifyPorts,
    clients_due,
    end_expired,
    lease_next,
    notify_client,
)
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.actors.grants import OpenGrant, add_oidc_client, open_grant_with_token
from tests.support.actors.logouts import logouts, notify_clients, notify_ports
from tests.support.actors.people import Person
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System
from tests.support.servers.logout_receiver import LogoutReceiver, logout_receiver
from tests.support.servers.ports import free_port

EVENT = "http://schemas.openid.net/event/backchannel-logout"
REASON = ("--reason", "the service was repaired")
_STEP_SECONDS = 0.05
_MAX_STEPS = 10_000


@dataclass
class Setting:
    """A client, a person who can log in there, and the receiver of the client's logouts."""

    system: System
    receiver: LogoutReceiver
    ports: NotifyPorts
    client: str
    person: Person

    def end_grants(self, count: int = 1, *, client: str = "") -> list[OpenGrant]:
        """Open grants and end their session, so that their logouts are pending; return the grants."""
        session = self.system.logged_in(self.person)
        grants = [
            open_grant_with_token(self.system, client or self.client, self.person) for _ in range(count)
        ]
        assert session.delete("/session").status_code == 204
        return grants

    def wait(self) -> float:
        """Return the seconds until the next try of the only undelivered logout."""
        (row,) = self.system.rows("SELECT due_at, done_at, leased_until FROM logouts WHERE done_at IS NULL")
        assert row.leased_until is None
        query = "SELECT count(*) FROM logouts WHERE done_at IS NULL AND due_at > :at"
        now = self.system.clock.now()

        def is_due(steps: int) -> bool:
            at = now + timedelta(seconds=steps * _STEP_SECONDS)
            return not self.system.rows(query, at=at)[0][0]

        return bisect_left(range(_MAX_STEPS), True, key=is_due) * _STEP_SECONDS


@pytest.fixture
def receiver() -> Iterator[LogoutReceiver]:
    with logout_receiver() as receiver:
        yield receiver


@pytest.fixture
def setting(system: System, receiver: LogoutReceiver) -> Iterator[Setting]:
    client = add_oidc_client(system, backchannel_uri=f"{receiver.url}/logout?by=port")
    with notify_ports(system) as ports:
        yield Setting(system, receiver, ports, client, system.person())


def read(
    setting: Setting, token: str, algorithm: IdTokenAlg = "RS256"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and claims, verified with the published keys."""
    keys = KeySet.import_key_set(dict(setting.ports.signer.public_keys()))  # type: ignore[arg-type]
    decoded = jwt.decode(token, keys, algorithms=[algorithm])
    return decoded.header, decoded.claims


@pytest.mark.rule("OIDC-22")
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_a_logout_token_names_the_person_the_login_and_the_client(
    setting: Setting, algorithm: IdTokenAlg
) -> None:
    client = add_oidc_client(setting.system, backchannel_uri=f"{setting.receiver.url}/out")
    with setting.system.app.app_context(), setting.system.ports.unit_of_work() as uow:
        registration = uow.oidc_clients.locked(client)
        assert registration is not None
        registration.id_token_alg = algorithm
        uow.commit()
    (grant,) = setting.end_grants(client=client)

    notify_clients(setting.ports)

    (received,) = setting.receiver.received
    header, claims = read(setting, received.token, algorithm)
    issued_at = int(setting.system.clock.now().timestamp())
    assert (received.path, list(received.form)) == ("/out", ["logout_token"])
    assert received.content_type == "application/x-www-form-urlencoded"
    assert header["typ"] == "logout+jwt"
    assert claims.pop("jti")
    assert claims == {
        "iss": setting.system.environment["IDENTITY_PUBLIC_URL"],
        "aud": client,
        "sub": setting.person.id,
        "sid": grant.id,
        "iat": issued_at,
        "exp": issued_at + 120,
        "events": {EVENT: {}},
    }


@pytest.mark.rule("OIDC-22")
@pytest.mark.parametrize("status", [204])
def test_a_client_that_accepts_is_notified_once(setting: Setting, status: int) -> None:
    setting.receiver.answers = [status]
    setting.end_grants()

    tries = [notify_clients(setting.ports), notify_clients(setting.ports)]

    (row,) = logouts(setting.system)
    assert (tries, row.outcome, row.tries) == ([1, 0], "told", 1)
    assert row.done_at is not None
    assert setting.receiver.received[0].path == "/logout?by=port"


@pytest.mark.rule("OIDC-22")
@pytest.mark.parametrize("status", [302, 503])
def test_a_temporary_failure_is_retried_with_a_new_token(setting: Setting, status: int) -> None:
    setting.receiver.answers = [status, 200]
    setting.end_grants()
    notify_clients(setting.ports)
    early = notify_clients(setting.ports)
    wait = setting.wait()

    setting.system.clock.advance(seconds=1.25)
    notify_clients(setting.ports)

    first, second = (read(setting, each.token)[1] for each in setting.receiver.received)
    assert early == 0
    assert 1.0 <= wait <= 1.3
    assert first["jti"] != second["jti"]
    assert second["iat"] > first["iat"]
    assert logouts(setting.system)[0].outcome == "told"


@pytest.mark.rule("OIDC-22")
def test_waits_double_up_to_five_minutes(setting: Setting) -> None:
    setting.receiver.answers = [503] * 14
    setting.end_grants()
    waits = []

    for _ in range(14):
        assert notify_clients(setting.ports) == 1
        waits.append(setting.wait())
        setting.system.clock.advance(seconds=waits[-1])

    longest = [min(2**n, 240) for n in range(14)]
    assert all(
        low <= wait <= min(1.25 * low, 300) + 0.05 for low, wait in zip(longest, waits, strict=True)
    ), waits


@pytest.mark.rule("OIDC-22")
@pytest.mark.parametrize("status", [400])
def test_any_other_4xx_is_final(setting: Setting, status: int) -> None:
    setting.receiver.answers = [status]
    (grant,) = setting.end_grants()

    notify_clients(setting.ports)
    setting.system.clock.advance(hours=1)
    again = notify_clients(setting.ports)

    (row,) = logouts(setting.system)
    (recorded,) = setting.system.audit("logout.set_aside")
    assert (again, row.outcome) == (0, f"status {status}")
    assert row.done_at is not None
    assert (recorded.actor, recorded.account_id) == ("notify", setting.person.id)
    assert grant.id in recorded.detail


@pytest.mark.rule("OIDC-22")
def test_tries_end_after_a_client_was_down_for_three_days(setting: Setting) -> None:
    client = add_oidc_client(setting.system, backchannel_uri=f"http://127.0.0.1:{free_port()}/logout")
    setting.end_grants(client=client)
    notify_clients(setting.ports)
    setting.system.clock.advance(days=2, hours=23)
    notify_clients(setting.ports)
    before = logouts(setting.system)[0].done_at

    setting.system.clock.advance(hours=1)
    for _ in range(8):
        notify_clients(setting.ports)
        setting.system.clock.advance(minutes=5)

    (row,) = logouts(setting.system)
    assert (before, row.outcome, row.tries) == (None, "unreachable", 10)
    assert row.done_at is not None
    assert len(setting.system.audit("logout.set_aside")) == 1


@pytest.mark.rule("OIDC-22")
def test_a_logout_of_a_client_without_a_logout_uri_is_final(setting: Setting) -> None:
    setting.end_grants()
    with setting.system.app.app_context(), setting.system.ports.unit_of_work() as uow:
        registration = uow.oidc_clients.get(setting.client)
        assert registration is not None
        registration.backchannel_uri = None
        uow.commit()

    notify_clients(setting.ports)

    assert logouts(setting.system)[0].outcome == "no back-channel URI"
    assert setting.receiver.received == []


@pytest.mark.rule("OIDC-22")
def test_a_logout_of_a_dead_process_is_retried_after_its_lease(setting: Setting) -> None:
    setting.end_grants()
    lost = lease_next(setting.ports, setting.client)
    assert lost is not None
    early = lease_next(setting.ports, setting.client)

    setting.system.clock.advance(seconds=LEASE.total_seconds())
    other = lease_next(setting.ports, setting.client)
    assert other is not None
    setting.receiver.answers = [503, 200]
    notify_client(setting.ports, lost)  # the first process was only slow
    (meanwhile,) = logouts(setting.system)
    notify_client(setting.ports, other)

    (row,) = logouts(setting.system)
    assert (early, meanwhile.leased_until is None, meanwhile.outcome) == (None, False, None)
    assert (row.tries, row.outcome, row.leased_until) == (2, "told", None)


@pytest.mark.rule("OIDC-22")
def test_at_most_four_logouts_of_a_client_are_sent_at_once(setting: Setting) -> None:
    other = add_oidc_client(setting.system, backchannel_uri=f"{setting.receiver.url}/other")
    setting.end_grants(MAX_AT_ONCE + 2)
    setting.end_grants(client=other)

    leased = [lease_next(setting.ports, setting.client) for _ in range(MAX_AT_ONCE + 1)]
    of_other = lease_next(setting.ports, other)

    assert [each is None for each in leased] == [False] * MAX_AT_ONCE + [True]
    assert of_other is not None
    assert leased[0] is not None
    notify_client(setting.ports, leased[0])
    assert lease_next(setting.ports, setting.client) is not None


@pytest.mark.rule("OIDC-22")
def test_the_absolute_end_of_a_login_ends_its_grants_and_notifies_the_client(setting: Setting) -> None:
    setting.system.logged_in(setting.person)
    short = open_grant_with_token(setting.system, setting.client, setting.person, hours=1)
    lasting = open_grant_with_token(setting.system, setting.client, setting.person, hours=2)
    setting.system.clock.advance(hours=1)

    ended = end_expired(setting.ports)

    (recorded,) = setting.system.audit("grant.ended")
    assert (ended, short.ended_reason, lasting.ended_reason) == (1, "expired", None)
    assert [clients_due(setting.ports), short.logouts] == [
        [setting.client],
        [(setting.client, setting.person.id)],
    ]
    assert (recorded.actor_kind, recorded.actor) == ("system", "notify")


@pytest.mark.rule("OIDC-22")
@pytest.mark.rule("OIDC-25")
def test_operators_list_undelivered_logouts_and_retry_them(setting: Setting) -> None:
    setting.receiver.answers = [400, 503]
    setting.end_grants(2)
    notify_clients(setting.ports)
    aside, waiting = json_output(invoke(setting.system, "logouts", "list", "--json"))

    ended = invoke(setting.system, "logouts", "retry", str(aside["id"]), *REASON)
    notify_clients(setting.ports)

    after = json_output(invoke(setting.system, "logouts", "list", "--client", setting.client, "--json"))
    assert ended.output == f"{aside['id']}: is tried again\n"
    assert (aside["outcome"], bool(aside["set_aside_at"])) == ("status 400", True)
    assert (waiting["outcome"], waiting["set_aside_at"]) == ("status 503", None)
    assert [row["id"] for row in after] == [waiting["id"]]
    assert [row.reason for row in setting.system.audit("logout.retried")] == [REASON[1]]


@pytest.mark.rule("OIDC-25")
def test_operators_abandon_a_logout(setting: Setting) -> None:
    setting.end_grants()
    (row,) = json_output(invoke(setting.system, "logouts", "list", "--json"))

    dropped = invoke(setting.system, "logouts", "drop", str(row["id"]), *REASON)
    again = invoke(setting.system, "logouts", "retry", str(row["id"]), *REASON)

    assert (dropped.exit_code, again.exit_code) == (0, 1)
    assert "not found" in again.output
    assert notify_clients(setting.ports) == 0
    assert len(setting.system.audit("logout.dropped")) == 1


@pytest.mark.rule("OIDC-25")
def test_operators_list_and_end_grants(setting: Setting) -> None:
    setting.system.logged_in(setting.person)
    grant = open_grant_with_token(setting.system, setting.client, setting.person)
    (listed,) = json_output(invoke(setting.system, "grants", "list", setting.person.username, "--json"))

    ended = invoke(setting.system, "grants", "end", grant.id, *REASON)

    again = invoke(setting.system, "grants", "end", grant.id, *REASON)
    assert (listed["id"], listed["client"]) == (grant.id, setting.client)
    assert (ended.output, again.exit_code) == (f"{grant.id}: ended\n", 1)
    assert (grant.is_active, grant.ended_reason) == (False, "operator")
    assert grant.logouts == [(setting.client, setting.person.id)]


@pytest.mark.rule("OIDC-22")
def test_tidy_deletes_delivered_and_abandoned_logouts_after_thirty_days(setting: Setting) -> None:
    setting.receiver.answers = [200, 400, 503]
    setting.end_grants(3)
    notify_clients(setting.ports)
    setting.system.clock.advance(days=29)
    invoke(setting.system, "tidy")
    before = len(logouts(setting.system))

    setting.system.clock.advance(days=1)
    ended = invoke(setting.system, "tidy")

    assert (ended.exit_code, before) == (0, 3)
    assert [row.outcome for row in logouts(setting.system)] == ["status 503"]
