"""What a session shows, its limits, and its end at a logout (LOGIN-6, SEC-7)."""

import pytest

from tests.support.actors.people import Visitor
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.system import System


def state(visitor: Visitor) -> int:
    return visitor.get("/session").status_code


@pytest.mark.rule("LOGIN-5", "SW-2")
@pytest.mark.parametrize(
    ("kind", "rights"), [("link", []), ("general", ["pass:apply", "pass:query", "pass:print"])]
)
def test_a_session_shows_account_kind_and_company(system: System, kind: str, rights: list[str]) -> None:
    person = system.person(kind)

    session = system.logged_in(person).get("/session").json()

    account = session["account"]
    assert (account["username"], account["kind"], account["name"]) == (person.username, kind, "錢大明")
    assert account["company"] == {"tax_id": person.tax_id, "name": "錢大明股份有限公司"}
    assert (session["rights"], "actor" in session) == (rights, False)


@pytest.mark.rule("LOGIN-3", "VER-5")
@pytest.mark.parametrize("kind", ["link", "general"])
def test_a_login_returns_the_same_session_as_a_later_request(system: System, kind: str) -> None:
    people = [system.register(kind), system.person(kind), system.person(kind)]
    system.logged_in(people[-1])  # also accepts the consents
    visitors = [system.visitor() for _ in people]

    answers = [visitor.log_in(person).json() for visitor, person in zip(visitors, people, strict=True)]
    sessions = [visitor.get("/session").json() for visitor in visitors]

    for answer in answers:
        del answer["token"]  # only the login returns the token
    assert [each["next"] for each in answers] == ["verify_email", "consent", None]
    assert [{**each, **answer} for each, answer in zip(sessions, answers, strict=True)] == sessions


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_logging_out_ends_only_this_session_at_once(system: System) -> None:
    person = system.person()
    here, there = system.logged_in(person), system.logged_in(person)

    ended = here.delete("/session")

    assert ended.status_code == 204
    assert (state(here), state(there)) == (401, 200)
    assert here.get("/session").json()["code"] == "not_signed_in"


@pytest.mark.rule("LOGIN-6")
def test_logging_out_while_switched_ends_the_link_accounts_session_too(system: System) -> None:
    link, general = system.person("link"), system.person()
    visitor = system.logged_in(link)
    own = system.visitor()
    own.token = visitor.token
    visitor.switch(system.bind_and_verify(visitor, general))

    visitor.delete("/session")

    assert (state(visitor), state(own)) == (401, 401)
    assert system.rows("SELECT 1 FROM sessions WHERE holder_id = :id", id=link.id) == []


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_a_session_ends_after_30_minutes_without_use(system: System) -> None:
    used, unused = system.logged_in(system.person()), system.logged_in(system.person())

    system.clock.advance(minutes=29)
    in_time = state(used)
    system.clock.advance(minutes=1)

    assert in_time == 200
    assert (state(used), state(unused)) == (200, 401)


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_a_session_ends_after_12_hours_of_use(system: System) -> None:
    visitor = system.logged_in(system.person())

    answers = []
    for _ in range(29):
        system.clock.advance(minutes=25)
        answers.append(state(visitor))

    assert answers == [200] * 28 + [401]


@pytest.mark.rule("LOGIN-6", "SEC-7")
def test_the_limits_are_settings(start_system: StartSystem) -> None:
    system = start_system(IDENTITY_SESSION_IDLE="5m", IDENTITY_SESSION_ABSOLUTE="12m")
    visitor, idle = system.logged_in(system.person()), system.logged_in(system.person())

    answers = []
    for _ in range(3):
        system.clock.advance(minutes=4)
        answers.append(state(visitor))

    assert answers == [200, 200, 401]
    assert state(idle) == 401


@pytest.mark.rule("SEC-7")
def test_a_token_is_256_bits_new_at_each_login_and_stored_only_as_a_digest(system: System) -> None:
    person = system.person()

    tokens = [str(system.visitor().log_in(person).json()["token"]) for _ in range(2)]

    stored = str([tuple(row) for row in system.rows("SELECT * FROM sessions")])
    assert tokens[0] != tokens[1]
    assert all(len(token) == 43 and token not in stored for token in tokens)


@pytest.mark.rule("LOGIN-6")
def test_an_invalid_token_is_refused(system: System) -> None:
    visitor = system.visitor()

    answers = []
    for token in ("x", "A" * 43, "A" * 5000):
        visitor.token = token
        answers.append(state(visitor))

    assert answers == [401, 401, 401]


@pytest.mark.rule("LOGIN-6")
def test_a_bearer_token_overrides_the_cookie(system: System) -> None:
    browser = system.logged_in(system.person())
    cookie = {"Cookie": f"session={browser.token}"}
    browser.token = None

    answers = [
        browser.get("/session", Authorization=f"Bearer {'x' * length}", **cookie).status_code
        for length in (20, 200)
    ]

    assert browser.get("/session", **cookie).status_code == 200
    assert answers == [401, 401]
