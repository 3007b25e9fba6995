"""A client requests data about the person of its access token (OIDC-20, OIDC-17)."""

from typing import Any

import pytest
from httpx import Response
from identity.domain.dpop import token_hash

from tests.support.actors.client_signatures import Key, dpop, ec_key
from tests.support.actors.oidc_clients import issue_token, open_grant, register_oidc_client
from tests.support.actors.people import Person, unique
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

EVERY = ["openid", "profile", "email", "company", "actor"]


def token_of(
    system: System, person: Person, scopes: list[str], general: Person | None = None, **values: Any
) -> str:
    client = register_oidc_client(system, accepts=["general", "link"])
    grant = open_grant(system, client.name, person, general=general, scopes=scopes)
    return issue_token(system, grant, client.name, scopes=scopes, **values)


def ask(system: System, token: str, method: str = "GET", scheme: str = "Bearer", **headers: str) -> Response:
    sent = {"Authorization": f"{scheme} {token}", **headers}
    return system.visitor().http.request(method, "/oauth/userinfo", headers=sent)


@pytest.mark.rule("OIDC-20")
def test_each_scope_gives_only_its_claims(system: System) -> None:
    person = system.person()

    bare = ask(system, token_of(system, person, ["openid"])).json()
    full = ask(system, token_of(system, person, EVERY), "POST", "bearer").json()

    assert bare == {"sub": person.id}
    assert set(full) == {
        "sub", "name", "preferred_username", "updated_at", "email", "email_verified", "company", "account_kind",
    }  # fmt: skip
    assert (full["preferred_username"], full["email"]) == (person.username, person.email)
    assert (full["email_verified"], full["account_kind"]) == (True, "general")


@pytest.mark.rule("OIDC-20")
def test_every_client_gets_the_actors_id_and_only_the_scope_actor_gives_details(system: System) -> None:
    link, general = system.person("link"), system.person()

    described = ask(system, token_of(system, link, ["openid", "actor"], general)).json()

    assert described["sub"] == general.id
    assert set(described["act"]) == {"sub", "name", "username", "company"}
    assert described["act"]["sub"] == link.id


@pytest.mark.rule("OIDC-20")
def test_the_token_may_come_in_a_form_but_not_twice(system: System) -> None:
    person = system.person()
    token, http = token_of(system, person, ["openid"]), system.visitor().http

    in_form = http.post("/oauth/userinfo", data={"access_token": token})
    twice = http.post(
        "/oauth/userinfo", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"}
    )

    assert in_form.json() == {"sub": person.id}
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")


@pytest.mark.rule("OIDC-20")
@pytest.mark.parametrize("kind", ["unknown", "refresh token", "of another service", "session"])
def test_other_tokens_are_refused_with_a_challenge(system: System, kind: str) -> None:
    person = system.person()
    values: dict[str, dict[str, Any]] = {
        "refresh token": {"kind": "refresh"},
        "of another service": {"audience": ["https://gate.example"]},
    }
    token = {"unknown": "x", "session": str(system.logged_in(person).token)}.get(kind)

    answer = ask(system, token or token_of(system, person, ["openid"], **values[kind]))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.rule("OIDC-20")
def test_without_the_scope_openid_userinfo_is_refused(system: System) -> None:
    answer = ask(system, token_of(system, system.person(), ["pass:apply"]))

    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def proof(system: System, key: Key, token: str, **changes: Any) -> str:
    claims = {
        "htm": "GET",
        "htu": f"{PUBLIC_URL}/oauth/userinfo",
        "iat": int(system.clock.now().timestamp()),
        "jti": unique(),
        "ath": token_hash(token),
        **changes,
    }
    return dpop(claims, key)


@pytest.mark.rule("OIDC-17", "OIDC-20")
@pytest.mark.parametrize("changes", [{"htm": "PUT"}, {"exp": 1}, {"ath": "another"}], ids=str)
def test_a_wrong_proof_is_refused_with_a_challenge(system: System, changes: dict[str, Any]) -> None:
    key = ec_key()
    token = token_of(system, system.person(), ["openid"], jkt=key.thumbprint())

    answer = ask(system, token, scheme="DPoP", DPoP=proof(system, key, token, **changes))

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_dpop_proof")
    assert answer.headers["WWW-Authenticate"] == 'DPoP error="invalid_dpop_proof", algs="ES256 PS256"'


@pytest.mark.rule("OIDC-20")
def test_a_request_without_a_token_gets_the_challenges_of_both_schemes(system: System) -> None:
    answer = system.visitor().http.get("/oauth/userinfo", params={"access_token": "in the query"})

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="identity", DPoP algs="ES256 PS256"'


@pytest.mark.rule("OIDC-17", "OIDC-20")
def test_a_proof_with_an_unknown_token_is_not_stored(system: System) -> None:
    answer = ask(system, "unknown", scheme="DPoP", DPoP=proof(system, ec_key(), "unknown"))

    assert answer.status_code == 401
    assert system.rows("SELECT 1 FROM seen_proofs") == []


@pytest.mark.rule("OIDC-17", "OIDC-20")
def test_a_bound_token_requires_a_proof_by_its_key(system: System) -> None:
    person, key, other = system.person(), ec_key(), ec_key("other")
    token = token_of(system, person, ["openid"], jkt=key.thumbprint())
    plain = token_of(system, person, ["openid"])

    def status(proven: Key, sent: str, scheme: str = "DPoP") -> int:
        return ask(system, sent, scheme=scheme, DPoP=proof(system, proven, sent)).status_code

    assert [status(key, token), status(key, token, "dpop")] == [200, 200]
    assert [status(other, token), status(key, plain), status(key, token, "Bearer")] == [401] * 3
    assert [ask(system, token, scheme=scheme).status_code for scheme in ("Bearer", "DPoP")] == [401, 401]
