"""The claims of a DPoP proof (OIDC-17) and of a client assertion (OIDC-18), and their replay protection."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from identity.domain.client_assertion import check_assertion
from identity.domain.dpop import Request, check_dpop, token_hash
from identity.domain.errors import BadClient, InvalidProof
from identity.domain.jwt_replay import SingleUse

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
AT = int(NOON.timestamp())
ISSUER = "https://pass.example.tw"
TOKEN = "an-access-token"
REQUEST = Request(method="POST", url=f"{ISSUER}/oauth/token")
WITH_TOKEN = Request(method="GET", url=f"{ISSUER}/oauth/userinfo", access_token=TOKEN)
ABSENT: Any = "(absent)"


def _dpop(request: Request = REQUEST, *, thumbprint: str = "t", **changes: Any) -> SingleUse:
    claims = {"iat": AT, "htm": request.method, "htu": request.url, "jti": "j", **changes}
    return check_dpop(_present(claims), request, thumbprint=thumbprint, now=NOON)


def _assertion(*, client: str = "pass", now: datetime = NOON, **changes: Any) -> SingleUse:
    claims = {"iss": client, "sub": client, "aud": ISSUER, "exp": AT + 60, "iat": AT, "jti": "j", **changes}
    return check_assertion(_present(claims), client=client, issuer=ISSUER, now=now)


def _present(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not ABSENT}


@pytest.mark.parametrize("iat", [AT - 60, AT - 0.5, AT, AT + 60])
def test_a_dpop_proof_is_valid_within_a_minute_of_its_time(iat: float) -> None:
    assert _dpop(iat=iat).expires_at == datetime.fromtimestamp(math.ceil(iat + 60), UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": AT - 61},
        {"iat": AT + 61},
        {"iat": str(AT)},
        {"iat": True},
        {"iat": math.nan},
        {"iat": math.inf},
        {"iat": 10**400},
        {"iat": ABSENT},
        {"htm": "post"},
        {"htm": "GET"},
        {"htm": ABSENT},
        {"htu": f"{ISSUER}/oauth/par"},
        {"htu": "https://other.example.tw/oauth/token"},
        {"htu": ["x"]},
        {"htu": ABSENT},
        {"jti": ""},
        {"jti": "j" * 257},
        {"jti": 7},
        {"jti": ABSENT},
        {"exp": AT},
        {"exp": "later"},
        {"nbf": AT + 61},
    ],
    ids=str,
)
def test_a_dpop_proof_for_another_time_or_request_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidProof):
        _dpop(**changes)


def test_a_dpop_proof_may_have_exp_and_nbf() -> None:
    assert _dpop(nbf=AT + 10, exp=AT + 300).digest


@pytest.mark.parametrize("ath", [ABSENT, token_hash("another"), TOKEN, "", None, 7], ids=str)
def test_with_an_access_token_a_dpop_proof_names_its_hash(ath: Any) -> None:
    assert _dpop(WITH_TOKEN, ath=token_hash(TOKEN)).digest

    with pytest.raises(InvalidProof):
        _dpop(WITH_TOKEN, ath=ath)


def test_the_hash_of_an_access_token_matches_the_example_of_the_rfc() -> None:
    example = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"  # RFC 9449 section 7.1

    assert token_hash(example) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://PASS.example.tw/oauth/token",
        "https://pass.example.tw:443/oauth/token",
        "https://pass.example.tw/oauth/token?x=1#y",
        "https://pass.example.tw/oauth/%74oken",
        "https://pass.example.tw/./oauth/x/../token",
        "https://pass.example.tw/oauth/%2E/token",
    ],
)
def test_uris_are_normalized_before_they_are_compared(htu: str) -> None:
    assert _dpop(htu=htu).digest


@pytest.mark.parametrize(
    "htu",
    [
        "http://pass.example.tw/oauth/token",
        "https://pass.example.tw:8443/oauth/token",
        "https://user@pass.example.tw/oauth/token",
        "https://pass.example.tw/oauth/token/",
        "https://pass.example.tw/OAUTH/token",
        "https://pass.example.tw/oauth//token",
        "https://pass.example.tw/oauth%2Ftoken",
        "https://pass.example.tw/oauth/token/.",
        "https://pass.example.tw/oauth/to\nken",
        "https://pass.example.tw:x/oauth/token",
        "https://[pass.example.tw/oauth/token",
        "/oauth/token",
        "",
    ],
)
def test_a_proof_for_another_uri_is_refused(htu: str) -> None:
    with pytest.raises(InvalidProof):
        _dpop(htu=htu)


def test_the_root_path_needs_no_slash() -> None:
    root = Request(method="POST", url=f"{ISSUER}/")

    assert _dpop(root, htu=ISSUER).digest


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"exp": AT + 1, "nbf": AT + 60, "iat": AT + 60},
        {"iat": ABSENT},
        {"iat": AT - 3600},
        {"iat": AT + 8, "nbf": AT + 8, "exp": AT + 68},
        {"iat": AT + 60, "exp": AT + 70},
        {"jti": "j" * 256},
    ],
    ids=str,
)
def test_an_assertion_of_the_client_for_this_issuer_is_accepted(changes: dict[str, Any]) -> None:
    assert _assertion(**changes).expires_at == datetime.fromtimestamp(changes.get("exp", AT + 60), UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"sub": "other"},
        {"iss": ABSENT},
        {"aud": [ISSUER]},
        {"aud": f"{ISSUER}/"},
        {"aud": f"{ISSUER}/oauth/token"},
        {"aud": ABSENT},
        {"exp": AT},
        {"exp": AT + 61},
        {"iat": AT + 8, "exp": AT + 69},
        {"iat": AT + 60, "exp": AT + 71},
        {"iat": ABSENT, "exp": AT + 61},
        {"exp": ABSENT},
        {"exp": math.nan},
        {"exp": str(AT + 60)},
        {"nbf": AT + 61},
        {"nbf": None},
        {"iat": AT + 61},
        {"iat": "now"},
        {"jti": ABSENT},
        {"jti": ""},
        {"jti": "j" * 257},
    ],
    ids=str,
)
def test_an_assertion_with_other_claims_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadClient):
        _assertion(**changes)


def test_an_assertion_valid_for_a_minute_is_accepted_from_a_clock_less_than_a_second_ahead() -> None:
    just_before = NOON - timedelta(milliseconds=5)

    assert _assertion(now=just_before, exp=AT + 60).digest


def test_used_proofs_are_distinguished_by_signer_and_kind() -> None:
    digests = {
        _dpop().digest,
        _dpop(jti="j2").digest,
        _dpop(thumbprint="t2").digest,
        _assertion().digest,
        _assertion(client="t").digest,
    }

    assert (len(digests), {len(each) for each in digests}) == (5, {64})
    assert _dpop(iat=AT - 1).digest == _dpop().digest
