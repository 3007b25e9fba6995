"""The content, validity and audience of ID tokens and access tokens (OIDC-13 to OIDC-15, OIDC-17)."""

import hashlib
from typing import Any

import pytest
from httpx import Response
from identity.usecases import service_clients
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.actors.client_signatures import base64url, dpop, ec_key, key_set
from tests.support.actors.oauth_requests import OAuthCaller
from tests.support.actors.oidc_clients import issue_code, open_grant, register_oidc_client
from tests.support.actors.people import Person, unique
from tests.support.actors.profile_changes import request_email_change, save
from tests.support.actors.service_clients import Service
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

RESOURCE, JWT_RESOURCE = "https://gate.example/api", "https://scales.example/api"
OWN = "https://service.example/api"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
ACCOUNT = "urn:tw:port:identity:token-type:account"
SCOPES = ["openid", "profile", "email", "company", "actor", "pass:apply"]
EVERY_CLAIM = [
    "name",
    "preferred_username",
    "updated_at",
    "email",
    "email_verified",
    "company",
    "account_kind",
    "act",
]


def caller(system: System, **options: Any) -> OAuthCaller:
    return OAuthCaller(system, register_oidc_client(system, "tokens:introspect", **options))


def tokens_of(system: System, service: OAuthCaller, person: Person, **values: Any) -> dict[str, Any]:
    grant = open_grant(system, service.name, person, **values)
    answer = service.redeem(issue_code(system, grant, nonce="n-0"))
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "grant": grant}


def read(system: System, token: str, algorithm: str) -> Any:
    """Return the header and claims of a token, verified with the published keys."""
    keys = KeySet.import_key_set(system.visitor().http.get("/.well-known/jwks.json").json())
    return jwt.decode(token, keys, algorithms=[algorithm])


def seconds(system: System) -> int:
    return int(system.clock.now().timestamp())


def code_of(answer: Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("error", "")


def proof(system: System, key: Any, **changes: Any) -> dict[str, str]:
    claims = {"htm": "POST", "htu": f"{PUBLIC_URL}/oauth/token", "iat": seconds(system), "jti": unique()}
    return {"DPoP": dpop({**claims, **changes}, key)}


@pytest.mark.rule("OIDC-13")
@pytest.mark.parametrize(("profile", "algorithm"), [(None, "RS256"), ("fapi2", "ES256")])
def test_an_id_token_has_only_the_person_and_the_time_of_the_login(
    system: System, profile: str | None, algorithm: str
) -> None:
    key, person = ec_key() if profile else None, system.person()
    registered = register_oidc_client(system, profile=profile, keys=key_set(key) if key else None)
    service = OAuthCaller(system, registered, key=key)
    grant = open_grant(system, service.name, person, scopes=SCOPES)
    code = issue_code(system, grant, nonce="n-0")

    tokens = service.redeem(code, headers=proof(system, key) if key else None).json()

    token = read(system, tokens["id_token"], algorithm)
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()
    assert token.header["typ"] == "JWT"
    assert token.claims == {
        "iss": PUBLIC_URL,
        "sub": person.id,
        "aud": service.name,
        "azp": service.name,
        "exp": seconds(system) + 300,
        "iat": seconds(system),
        "auth_time": seconds(system),
        "amr": ["pwd"],
        "sid": grant,
        "at_hash": base64url(digest[:16]),
        "nonce": "n-0",
    }


@pytest.mark.rule("OIDC-13")
def test_a_link_account_is_the_actor_and_its_name_is_included_only_on_request(system: System) -> None:
    service, link = caller(system), system.person("link")
    plain, detailed = system.person(), system.person()
    claims = {"id_token": dict.fromkeys(EVERY_CLAIM)}

    without = tokens_of(system, service, link, general=plain, scopes=SCOPES)
    with_names = tokens_of(
        system, service, link, general=detailed, scopes=SCOPES, claims=claims, acr="urn:acr:x"
    )

    short, long = (read(system, tokens["id_token"], "RS256").claims for tokens in (without, with_names))
    (row,) = system.rows("SELECT * FROM accounts WHERE id = :id", id=detailed.id)
    company = {"tax_id": row.tax_id, "name": row.company_name}
    assert (short["sub"], short["act"], "name" in short, "acr" in short) == (
        plain.id,
        {"sub": link.id},
        False,
        False,
    )
    assert {name: long[name] for name in EVERY_CLAIM if name not in {"act", "updated_at"}} == {
        "name": row.name,
        "preferred_username": detailed.username,
        "email": detailed.email,
        "email_verified": True,
        "company": company,
        "account_kind": "general",
    }
    assert (long["sub"], long["act"]["sub"], long["act"]["company"]) == (detailed.id, link.id, company)
    assert long["acr"] == "urn:acr:x"


@pytest.mark.rule("OIDC-13")
def test_claims_that_no_scope_allows_are_left_out(system: System) -> None:
    service, link, general = caller(system), system.person("link"), system.person()
    claims = {"id_token": dict.fromkeys(EVERY_CLAIM), "userinfo": {"name": None}}

    tokens = tokens_of(system, service, link, general=general, scopes=["openid", "email"], claims=claims)

    token = read(system, tokens["id_token"], "RS256").claims
    assert token.keys() & set(EVERY_CLAIM) == {"email", "email_verified", "act"}
    assert token["act"] == {"sub": link.id}


@pytest.mark.rule("OIDC-13")
def test_a_refreshed_id_token_keeps_the_login_and_has_no_nonce(system: System) -> None:
    service = caller(system, may_refresh=True)
    first = tokens_of(system, service, system.person())
    before = read(system, first["id_token"], "RS256").claims
    system.clock.advance(minutes=4)

    after = read(system, service.refresh(first["refresh_token"]).json()["id_token"], "RS256").claims

    assert {name: after[name] for name in ("iss", "sub", "aud", "sid", "auth_time")} == {
        name: before[name] for name in ("iss", "sub", "aud", "sid", "auth_time")
    }
    assert ("nonce" in after, after["iat"] - before["iat"]) == (False, 240)


@pytest.mark.rule("OIDC-14")
def test_an_access_token_is_opaque_stored_hashed_and_valid_for_ten_minutes(system: System) -> None:
    service = caller(system, may_refresh=True)
    answer = tokens_of(system, service, system.person())
    tokens = [answer["access_token"], answer["refresh_token"]]

    stored = [row.digest for row in system.rows("SELECT digest FROM grant_tokens")]
    system.clock.advance(seconds=599)
    in_time = service.is_active(tokens[0])
    system.clock.advance(seconds=1)

    assert sorted(stored) == sorted(hashlib.sha256(token.encode()).hexdigest() for token in tokens)
    assert [len(token) for token in tokens] == [43, 43]
    assert (in_time, service.is_active(tokens[0])) == (True, False)


@pytest.mark.rule("OIDC-14")
def test_an_access_token_is_for_the_client_and_the_requested_resources_of_the_login(
    system: System,
) -> None:
    gate = caller(system, resources=[RESOURCE])
    scales = caller(system, resources=[JWT_RESOURCE])
    service = caller(system, may_reach=[gate.name, scales.name])
    both = [RESOURCE, JWT_RESOURCE]

    def redeemed(**parameters: Any) -> Response:
        grant = open_grant(system, service.name, system.person(), resources=both)
        return service.redeem(issue_code(system, grant), **parameters)

    answers = [redeemed(), redeemed(resource=RESOURCE), redeemed(resource=both)]

    assert [
        service.post("/oauth/introspect", token=answer.json()["access_token"]).json()["aud"]
        for answer in answers
    ] == [[service.name, *both], [service.name, RESOURCE], [service.name, *both]]
    assert [each.is_active(answers[1].json()["access_token"]) for each in (gate, scales)] == [True, False]
    assert code_of(redeemed(resource="https://nowhere.example")) == (400, "invalid_target")
    assert code_of(redeemed(resource=[RESOURCE, "https://nowhere.example"])) == (400, "invalid_target")


@pytest.mark.rule("OIDC-14", "OIDC-16", "OIDC-19")
def test_a_resource_no_longer_registered_is_omitted_or_refused_if_requested(
    system: System,
) -> None:
    gate = caller(system, resources=[RESOURCE])
    service = caller(system, resources=[OWN], may_refresh=True, accepts=["general", "link"])
    link, general = system.person("link"), system.person()
    system.bind_and_verify(system.logged_in(link), general)
    grant = open_grant(system, service.name, link, resources=[RESOURCE, OWN])
    first = service.redeem(issue_code(system, grant)).json()
    code, named = issue_code(system, grant), issue_code(system, grant)
    company = {"subject_token": general.id, "subject_token_type": ACCOUNT}
    company |= {"actor_token": first["access_token"], "actor_token_type": ACCESS_TOKEN}
    with system.app.app_context():
        service_clients.revoke(system.ports, gate.name)

    answers = [
        service.redeem(code),
        service.refresh(first["refresh_token"]),
        service.token(EXCHANGE, **company),
    ]

    assert [
        service.post("/oauth/introspect", token=answer.json()["access_token"]).json()["aud"]
        for answer in answers
    ] == [[service.name, OWN]] * 3
    refused = [
        service.redeem(named, resource=RESOURCE),
        service.refresh(answers[1].json()["refresh_token"], resource=RESOURCE),
        service.token(EXCHANGE, **company, resource=RESOURCE),
    ]
    assert [code_of(answer) for answer in refused] == [(400, "invalid_target")] * 3


@pytest.mark.rule("OIDC-15")
def test_a_resource_with_jwts_gets_an_rfc_9068_token_that_can_be_introspected_too(system: System) -> None:
    scales = caller(system, resources=[JWT_RESOURCE], has_jwt_tokens=True)
    service = caller(system, may_reach=[scales.name])
    link, general = system.person("link"), system.person()
    scopes = ["openid", "actor", "pass:query"]

    tokens = tokens_of(system, service, link, general=general, scopes=scopes, resources=[JWT_RESOURCE])

    token = read(system, tokens["access_token"], "ES256")
    jti = token.claims.pop("jti")
    assert token.header["typ"] == "at+jwt"
    assert token.claims == {
        "iss": PUBLIC_URL,
        "sub": general.id,
        "aud": [service.name, JWT_RESOURCE],
        "exp": seconds(system) + 300,
        "iat": seconds(system),
        "client_id": service.name,
        "scope": "openid actor pass:query",
        "auth_time": seconds(system),
        "amr": ["pwd"],
        "sid": tokens["grant"],
        "act": {"sub": link.id},
    }
    assert (tokens["expires_in"], len(jti)) == (300, 36)
    assert scales.is_active(tokens["access_token"])
    system.clock.advance(minutes=5)
    assert not scales.is_active(tokens["access_token"])


@pytest.mark.rule("OIDC-15")
def test_without_the_resource_the_token_is_opaque(system: System) -> None:
    scales = caller(system, resources=[JWT_RESOURCE], has_jwt_tokens=True)
    gate = caller(system, resources=[RESOURCE])
    service = caller(system, may_reach=[scales.name, gate.name])
    grant = open_grant(system, service.name, system.person(), resources=[RESOURCE, JWT_RESOURCE])

    tokens = service.redeem(issue_code(system, grant), resource=RESOURCE).json()

    assert (len(tokens["access_token"]), tokens["expires_in"]) == (43, 600)


@pytest.mark.rule("OIDC-17")
def test_a_proven_key_binds_access_tokens_and_a_public_clients_refresh_tokens(system: System) -> None:
    registered = register_oidc_client(system, auth="none", may_refresh=True)
    service, key = OAuthCaller(system, Service(registered.name, "")), ec_key("bound")
    grant = open_grant(system, service.name, system.person())

    first = service.redeem(issue_code(system, grant), headers=proof(system, key)).json()
    token = first["refresh_token"]
    without, other = service.refresh(token), service.refresh(token, headers=proof(system, ec_key("other")))
    again = [service.refresh(token, headers=proof(system, key)) for _ in range(2)]

    rows = system.rows("SELECT DISTINCT jkt FROM grant_tokens")
    assert [row.jkt for row in rows] == [key.thumbprint()]
    assert first["token_type"] == "DPoP"
    assert [code_of(answer) for answer in (without, other)] == [(400, "invalid_grant")] * 2
    assert [("refresh_token" in answer.json(), answer.json()["token_type"]) for answer in again] == [
        (False, "DPoP")
    ] * 2


@pytest.mark.rule("OIDC-17")
def test_a_client_that_must_prove_a_key_gets_no_token_without_a_proof(system: System) -> None:
    service, key = caller(system, requires_dpop=True, may_refresh=True), ec_key("bound")
    code = issue_code(system, open_grant(system, service.name, system.person()))
    used = proof(system, key)
    service.redeem("made-up", headers=used)

    missing = [
        service.redeem(code),
        service.refresh("made-up"),
        service.token(EXCHANGE, subject_token="made-up", subject_token_type=ACCESS_TOKEN),
    ]
    refused = [
        service.redeem(code, headers=used),
        service.redeem(code, headers=proof(system, key, htu=f"{PUBLIC_URL}/oauth/par")),
        service.redeem(code, headers=proof(system, key, iat=seconds(system) - 61)),
        service.redeem(code, headers={"DPoP": "a.b.c"}),
    ]
    redeemed = service.redeem(code, headers=proof(system, key))
    refreshed = service.refresh(redeemed.json()["refresh_token"], headers=proof(system, ec_key("next")))

    assert [code_of(answer) for answer in missing] == [(400, "invalid_request")] * len(missing)
    assert [code_of(answer) for answer in refused] == [(400, "invalid_dpop_proof")] * len(refused)
    assert (redeemed.json()["token_type"], refreshed.json()["token_type"]) == ("DPoP", "DPoP")
    assert "refresh_token" not in refreshed.json()


@pytest.mark.rule("OIDC-17", "OIDC-9")
def test_a_code_requested_with_a_key_needs_a_proof_by_this_key(system: System) -> None:
    service, key = caller(system), ec_key("bound")
    grant = open_grant(system, service.name, system.person())
    code = issue_code(system, grant, jkt=key.thumbprint())

    refused = [service.redeem(code), service.redeem(code, headers=proof(system, ec_key("other")))]
    redeemed = service.redeem(code, headers=proof(system, key))

    assert [code_of(answer) for answer in refused] == [(400, "invalid_grant")] * 2
    assert redeemed.json()["token_type"] == "DPoP"


def change_name(system: System, person: Person) -> None:
    assert save(system.logged_in(person), {"name": "錢小明"}).status_code == 200


def request_mailbox(system: System, person: Person) -> None:
    request_email_change(system.logged_in(person), person)


def withdraw_mailbox(system: System, person: Person) -> None:
    assert system.logged_in(person).delete("/account/pending-email").status_code == 204


def confirm_mailbox(system: System, person: Person) -> None:
    email = request_email_change(system.logged_in(person), person)
    system.clock.advance(minutes=1)
    assert system.confirm(system.mail(email, "Email 變更驗證").token).status_code == 200


@pytest.mark.rule("OIDC-13", "PRO-5")
def test_updated_at_is_the_time_of_the_last_profile_change(system: System) -> None:
    service, person = caller(system), system.person()
    options: dict[str, Any] = {"scopes": ["openid", "profile"], "claims": {"id_token": {"updated_at": None}}}
    opened_at = seconds(system)

    def updated_at() -> int:
        token = tokens_of(system, service, person, **options)["id_token"]
        return int(read(system, token, "RS256").claims["updated_at"])

    shown, expected = [updated_at()], [opened_at]
    for change in (change_name, request_mailbox, withdraw_mailbox, confirm_mailbox):
        system.clock.advance(minutes=10)
        change(system, person)
        expected.append(seconds(system))
        system.clock.advance(minutes=1)
        shown.append(updated_at())

    assert shown == expected
