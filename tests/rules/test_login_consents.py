"""The three texts must be accepted once, and again after one of them changes (LOGIN-3)."""

import shutil
from pathlib import Path

import pytest
from identity.adapters.consent_texts import SAMPLES
from port_runtime.settings import SettingsError

from tests.support.actors.people import Visitor
from tests.support.harness.concurrency import run_concurrently
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System

DOCUMENTS = ["personal_data", "authorization", "hazard"]


def new_version(directory: Path) -> Path:
    """Return a directory of texts, the last of which (危害告知) has a new version."""
    shutil.copytree(SAMPLES, directory)
    listed = (directory / "consents.toml").read_text("utf-8")
    first, last = listed.rsplit("sample-2", 1)
    (directory / "consents.toml").write_text(f"{first}2026-12{last}", "utf-8")
    return directory


def in_force(visitor: Visitor) -> list[dict[str, str]]:
    return [
        {"document": text["document"], "version": text["version"]}
        for text in visitor.get("/consents").json()["items"]
    ]


def stored_consents(system: System) -> list[tuple[str, str]]:
    found = system.rows("SELECT document, version FROM consents ORDER BY accepted_at, document")
    return [(row.document, row.version) for row in found]


@pytest.mark.rule("LOGIN-3")
def test_the_three_texts_are_listed_in_order_and_marked_as_samples(system: System) -> None:
    texts = system.visitor().get("/consents").json()["items"]

    assert [text["document"] for text in texts] == DOCUMENTS
    assert [text["title"] for text in texts] == ["個資同意使用", "授權聲明", "危害告知"]
    assert all(text["sample"] and "範" in text["text"] for text in texts)


@pytest.mark.rule("LOGIN-3", "LOGIN-4")
@pytest.mark.parametrize(("kind", "home"), [("link", "/bindings"), ("general", "/account/binding")])
def test_the_first_login_requires_consent_before_any_other_request(
    system: System, kind: str, home: str
) -> None:
    person, visitor = system.person(kind), system.visitor()

    session = visitor.log_in(person).json()
    before = visitor.get(home)
    accepted = visitor.accept_consents()
    after = visitor.get(home)

    assert (session["next"], session["rights"]) == ("consent", [])
    assert (before.status_code, before.json()["code"], before.json()["next"]) == (403, "step_open", "consent")
    assert (accepted.status_code, accepted.json()["next"]) == (200, None)
    assert after.status_code == 200


@pytest.mark.rule("LOGIN-3")
def test_later_logins_do_not_ask_again(system: System) -> None:
    person = system.person()
    system.logged_in(person)

    assert system.visitor().log_in(person).json()["next"] is None


@pytest.mark.rule("LOGIN-3")
def test_all_texts_must_be_accepted_in_their_current_versions(system: System) -> None:
    visitor = system.visitor()
    visitor.log_in(system.person())
    texts = in_force(visitor)

    answers = [
        visitor.post("/session/consents", {"accepted": accepted})
        for accepted in (texts[:2], [], [*texts[:2], {"document": "hazard", "version": "older"}])
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (422, "consent_outdated")
    ] * 3
    assert visitor.get("/session").json()["next"] == "consent"
    assert stored_consents(system) == []


@pytest.mark.rule("LOGIN-3")
def test_document_version_time_and_address_of_a_consent_are_stored(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_TRUSTED_PROXIES="127.0.0.0/8")
    person, visitor = system.person(), system.visitor()
    visitor.log_in(person)
    visitor.http.headers["X-Forwarded-For"] = "192.0.2.44"

    visitor.accept_consents()

    (row, *more) = system.rows("SELECT account_id, document, version, accepted_at, address FROM consents")
    accepted_at = str(row.accepted_at).replace("T", " ")
    assert len(more) == 2
    assert (row.account_id, row.address, row.version) == (person.id, "192.0.2.44", "sample-2")
    assert accepted_at.startswith(f"{system.clock.now():%Y-%m-%d %H:%M:%S}")


@pytest.mark.rule("LOGIN-3")
def test_a_new_version_of_one_text_asks_again_in_open_sessions_too(
    start_system: StartSystem, tmp_path: Path
) -> None:
    before = start_system()
    person = before.person()
    open_session = before.logged_in(person)
    outdated = in_force(open_session)
    after = start_system(IDENTITY_CONSENT_DIR=str(new_version(tmp_path / "texts")))
    visitor = after.visitor()
    visitor.token = open_session.token

    still_open = visitor.get("/session").json()["next"]
    new_login = after.visitor().log_in(person).json()["next"]
    old_version = visitor.post("/session/consents", {"accepted": outdated})
    accepted = visitor.accept_consents().json()["next"]

    assert (still_open, new_login, accepted) == ("consent", "consent", None)
    assert old_version.json()["code"] == "consent_outdated"
    assert sorted(stored_consents(after)) == sorted(
        [*((name, "sample-2") for name in DOCUMENTS), ("hazard", "2026-12")]
    )


@pytest.mark.rule("LOGIN-3")
def test_consent_is_the_last_step_after_mailbox_and_review(start_system: StartSystem) -> None:
    from identity.usecases import operator_decisions

    system = start_system(IDENTITY_REVIEW="general")
    person, visitor = system.register(), system.visitor()

    steps = [visitor.log_in(person).json()["next"]]
    too_early = visitor.accept_consents()
    system.confirm(system.mail(person.email).token)
    steps.append(visitor.get("/session").json()["next"])
    with system.app.app_context():
        operator_decisions.approve(system.ports, person.username)
    steps.append(visitor.get("/session").json()["next"])

    assert steps == ["verify_email", "await_review", "consent"]
    assert (too_early.status_code, too_early.json()["code"]) == (403, "step_open")


@pytest.mark.rule("LOGIN-3", "OPS-5")
def test_a_version_that_is_not_one_line_is_refused(start_system: StartSystem, tmp_path: Path) -> None:
    listed = new_version(tmp_path / "texts") / "consents.toml"
    listed.write_text(listed.read_text("utf-8").replace("2026-12", r"2026\n12"), "utf-8")

    with pytest.raises(SettingsError, match="printable"):
        start_system(IDENTITY_CONSENT_DIR=str(listed.parent))


@pytest.mark.rule("LOGIN-3", "SEC-14")
def test_the_samples_are_refused_in_production(start_system: StartSystem) -> None:
    with pytest.raises(SettingsError, match="IDENTITY_CONSENT_DIR"):
        start_system(
            IDENTITY_MODE="production",
            IDENTITY_PUBLIC_URL="https://pass.example.tw",
            IDENTITY_REVIEW="both",
            IDENTITY_ARGON2_MEMORY_KIB="19456",
            IDENTITY_ARGON2_PASSES="2",
            IDENTITY_CONSENT_DIR=str(SAMPLES),
        )


@pytest.mark.rule("LOGIN-3")
def test_concurrent_consents_are_recorded_once(
    start_system_on_postgresql: StartSystem,
) -> None:
    system = start_system_on_postgresql()
    person = system.person()
    visitor = system.visitor()
    visitor.log_in(person)
    again = system.visitor()
    again.token = visitor.token

    answers = run_concurrently([visitor.accept_consents, again.accept_consents])

    assert [answer.status_code for answer in answers] == [200, 200]
    assert system.rows("SELECT count(*) FROM consents WHERE account_id = :id", id=person.id) == [(3,)]
