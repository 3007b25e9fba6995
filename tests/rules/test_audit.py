"""The audit rows of changes and refusals: action, actor, account, time, client address and request id (SEC-11)."""

import json
from functools import partial
from typing import Any

import httpx
import pytest
import structlog
from identity.domain.audit import ACTIONS
from port_events.catalogue import CATALOGUE
from structlog.testing import capture_logs

from tests.support.actors.people import Person, Visitor, unique
from tests.support.browser.text_normalization import normalize
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.system import System

WRONG = "Wrong-Crane-88!"


def summary(row: Any) -> tuple[str, str, str, str | None]:
    return row.action, row.result, row.actor, row.account_id


def failing(visitor: Visitor, person: Person, times: int) -> None:
    for _ in range(times):
        visitor.log_in(person, password=WRONG)


@pytest.mark.rule("SEC-11")
def test_a_login_records_account_time_client_address_and_request_id(system: System) -> None:
    person = system.person()

    answer = system.visitor().log_in(person)

    (row,) = system.audit("session.opened")
    assert summary(row) == ("session.opened", "done", person.id, person.id)
    assert (row.address, row.request_id) == ("127.0.0.1", answer.headers["X-Request-ID"])
    assert (row.actor_kind, json.loads(row.detail).keys()) == ("person", {"session_id"})


@pytest.mark.rule("SEC-11", "SEC-13")
def test_a_request_gets_our_id_and_keeps_the_clients_id_separately(system: System) -> None:
    sent = ["1", "from-the-ingress.1", "x" * 64, "x" * 65, "a b", '"quoted"', "é", "", "same", "same"]

    with capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        answers = [
            system.visitor().http.post(
                "/api/v1/sessions",
                json={"username": f"nobody{unique()}", "password": WRONG},
                headers=httpx.Headers({"X-Request-ID": each}, encoding="latin-1"),
            )
            for each in sent
        ]

    ours = [answer.headers["X-Request-ID"] for answer in answers]
    client_ids = ["1", "from-the-ingress.1", "x" * 64, None, None, None, None, None, "same", "same"]
    rows = [(row.request_id, json.loads(row.detail).get("client_request_id")) for row in system.audit()]
    logged = [line for line in lines if line["event"] == "request"]
    assert len(set(ours)) == len(sent)
    assert not set(ours) & set(sent)
    assert rows == list(zip(ours, client_ids, strict=True))
    assert [(line["request_id"], line.get("client_request_id")) for line in logged] == rows


@pytest.mark.rule("SEC-11", "LOGIN-1")
def test_a_failed_login_is_recorded_alike_for_known_and_unknown_names(system: System) -> None:
    person = system.person()
    nobody = Person("", "general", WRONG, "", "x")  # the person typed the password into the wrong field

    system.visitor().log_in(person, password=WRONG)
    system.visitor().log_in(nobody)

    known, unknown = system.audit("session.refused")
    assert summary(known) == ("session.refused", "refused", "", person.id)
    assert summary(unknown) == ("session.refused", "refused", "", None)
    assert (known.detail, WRONG in str(system.audit())) == (unknown.detail, False)


@pytest.mark.rule("SEC-11", "LOGIN-2")
def test_refusals_while_locked_are_recorded_once_a_minute(
    system: System,
) -> None:
    person = system.person()
    failing(system.visitor(), person, 5)

    failing(system.visitor(), person, 4)
    system.clock.advance(minutes=1)
    failing(system.visitor(), person, 4)

    reasons = [json.loads(row.detail)["why"] for row in system.audit("session.refused")]
    assert reasons == ["bad_credentials"] * 5 + ["locked"] * 2


@pytest.mark.rule("SEC-11")
def test_a_wrong_password_at_binding_is_recorded_with_the_link_account(system: System) -> None:
    holder, general = system.person("link"), system.person()
    link = system.logged_in(holder)

    link.post("/bindings", {"username": general.username, "password": WRONG})

    (row,) = system.audit("binding.refused")
    assert summary(row) == ("binding.refused", "refused", holder.id, general.id)
    assert row.link_account_id == holder.id


@pytest.mark.rule("SEC-11", "BIND-6")
def test_wrong_codes_are_recorded_with_their_count_and_an_exhausted_code_once(system: System) -> None:
    link, general = system.logged_in(system.person("link")), system.person()
    binding = system.bind(link, general)
    code = int(system.mail(general.email, "驗證碼").code)

    for _ in range(8):
        link.post(f"/bindings/{binding}/verify", {"code": f"{(code + 1) % 1_000_000:06}"})

    reasons = [json.loads(row.detail)["why"] for row in system.audit("bind_code.refused")]
    assert reasons == ["code_wrong"] * 5 + ["code_spent"]


@pytest.mark.rule("SEC-11", "SW-1")
def test_actions_while_switched_are_recorded_with_the_link_account(system: System) -> None:
    holder, general = system.person("link"), system.person()
    link = system.logged_in(holder)
    binding = system.bind_and_verify(link, general)

    link.switch(binding)
    link.delete("/session")

    switched, ended = system.audit("session.switched")[0], system.audit("session.closed")[0]
    assert (summary(switched)[2:], switched.link_account_id) == ((holder.id, general.id), holder.id)
    assert (summary(ended)[2:], ended.link_account_id) == ((holder.id, general.id), holder.id)


@pytest.mark.rule("SEC-11", "EVT-2")
def test_a_change_that_loses_a_race_writes_no_row(system: System) -> None:
    general = system.person()
    links = [system.logged_in(system.person("link")) for _ in range(2)]
    body = {"username": general.username, "password": general.password}

    run_concurrently([partial(link.post, "/bindings", body) for link in links])

    assert len(system.audit("binding.requested")) == 1


@pytest.mark.rule("SEC-11", "LOGIN-8")
def test_only_a_matching_reset_request_writes_a_row(system: System) -> None:
    person = system.person()

    system.visitor().post("/password-resets", {"username": person.username, "email": "other@example.com"})
    before = len(system.audit("password_reset.requested"))
    system.visitor().post("/password-resets", {"username": person.username, "email": person.email})

    assert (before, len(system.audit("password_reset.requested"))) == (0, 1)


@pytest.mark.rule("SEC-11", "OPS-6")
def test_the_audit_log_contains_no_personal_data_or_secret(system: System) -> None:
    general, holder = system.person(), system.person("link")
    link = system.logged_in(holder)
    system.bind_and_verify(link, general)
    own = system.logged_in(general)
    own.patch("/account", {"mobile": "0987654321"}, **{"If-Match": own.get("/account").headers["ETag"]})

    written = normalize(str(system.audit()))

    for personal in (general.username, general.email, "錢大明", "0987654321", general.password, own.token):
        assert normalize(str(personal)) not in written


@pytest.mark.rule("SEC-11", "EVT-1")
def test_every_event_has_an_audit_action() -> None:
    assert {each.short for each in CATALOGUE.values()} - set(ACTIONS) == set()


@pytest.mark.rule("SEC-11", "SEC-13")
def test_requests_that_change_nothing_are_not_recorded_again(system: System) -> None:
    person, general = system.person("link"), system.person()
    link, owner = system.logged_in(person), system.logged_in(general)
    binding = system.bind_and_verify(link, general)
    owner.delete("/account/binding")
    system.logged_in(person)
    for _ in range(2):
        link.delete(f"/bindings/{binding}")
        link.delete("/sessions")
        link.accept_consents()

    for action, account in (
        ("binding.dismissed", general),
        ("session.others_ended", person),
        ("consent.accepted", person),
    ):
        rows = system.rows(
            "SELECT 1 FROM audit WHERE action = :a AND account_id = :id", a=action, id=account.id
        )
        assert len(rows) == 1, action
