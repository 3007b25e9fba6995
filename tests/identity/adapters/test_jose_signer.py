"""The provider's signed tokens and its keys."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from identity.adapters.jose.jwk import KeySetError
from identity.adapters.jose.signer import JoseSigner
from identity.adapters.jose.signing_keys import key_warnings, new_signing_keys, read_signing_keys
from identity.domain.errors import InvalidIdToken
from identity.usecases.ports.jose import Algorithm, TokenType
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from tests.support.harness.clock import FakeClock

pytestmark = pytest.mark.rule("OIDC-26")

ISSUER = "https://pass.example.tw"
CLAIMS = {"iss": ISSUER, "sub": "a-1", "company": "大明股份有限公司"}
EARLIER = datetime(2020, 1, 1, tzinfo=UTC)
KEYS = new_signing_keys(EARLIER)
RSA, EC = json.loads(KEYS)["keys"]
HOUR = timedelta(hours=1)
TYPES: tuple[TokenType, ...] = ("JWT", "at+jwt", "logout+jwt")
ALGORITHMS: tuple[Algorithm, ...] = ("RS256", "ES256")


def _signer(keys: str = KEYS, clock: FakeClock | None = None) -> JoseSigner:
    return JoseSigner(read_signing_keys(keys), clock or FakeClock())


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("token_type", TYPES)
def test_the_published_keys_verify_what_is_signed(algorithm: Algorithm, token_type: TokenType) -> None:
    signer = _signer()

    token = signer.sign(CLAIMS, token_type=token_type, algorithm=algorithm)

    published = KeySet.import_key_set(signer.public_keys())  # type: ignore[arg-type]  # a plain dict
    read = jwt.decode(token, published, algorithms=[algorithm])
    assert read.claims == CLAIMS
    assert read.header["typ"] == token_type


def test_only_public_members_are_published() -> None:
    members = {"kty", "kid", "use", "alg"}

    published = _signer().public_keys()["keys"]

    assert [set(key) - members for key in published] == [{"n", "e"}, {"crv", "x", "y"}]
    assert [(key["kid"], key["alg"]) for key in published] == [(RSA["kid"], "RS256"), (EC["kid"], "ES256")]


def test_a_new_key_is_published_at_once_and_signs_when_its_time_has_come() -> None:
    clock = FakeClock()
    rotated = new_signing_keys(clock.now(), starts_in=HOUR, former=KEYS)
    signer = _signer(rotated, clock)
    new_rsa, new_ec, *former = [key["kid"] for key in signer.public_keys()["keys"]]

    before = [_kid(signer, algorithm) for algorithm in ALGORITHMS]
    id_token = signer.sign(CLAIMS, token_type="JWT", algorithm="RS256")
    clock.advance(hours=1)
    after = [_kid(signer, algorithm) for algorithm in ALGORITHMS]

    assert (before, after) == (former, [new_rsa, new_ec])
    assert signer.read_id_token(id_token, issuer=ISSUER) == CLAIMS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_an_expired_id_token_is_still_recognized(algorithm: Algorithm) -> None:
    signer = _signer()
    claims = {**CLAIMS, "exp": 1}

    token = signer.sign(claims, token_type="JWT", algorithm=algorithm)

    assert signer.read_id_token(token, issuer=ISSUER) == claims


def test_another_kind_of_token_or_another_issuer_is_refused_as_id_token() -> None:
    signer, other = _signer(), _signer(new_signing_keys(EARLIER))
    id_token = signer.sign(CLAIMS, token_type="JWT", algorithm="ES256")
    others = [
        signer.sign(CLAIMS, token_type="at+jwt", algorithm="ES256"),
        signer.sign(CLAIMS, token_type="logout+jwt", algorithm="RS256"),
        other.sign(CLAIMS, token_type="JWT", algorithm="ES256"),
        signer.sign({**CLAIMS, "iss": "https://other"}, token_type="JWT", algorithm="ES256"),
        id_token[:-3],
        id_token.replace(".", ".x", 1),
        "x",
    ]

    for token in others:
        with pytest.raises(InvalidIdToken):
            signer.read_id_token(token, issuer=ISSUER)


def test_an_unusable_set_is_refused_without_showing_a_key() -> None:
    for reason, keys in {
        "key 2 must not have the kid of another key": [EC, {**RSA, "kid": EC["kid"]}],
        "key 1 must be private": [{name: RSA[name] for name in ("kty", "n", "e")}],
        "key 1 cannot be read": [{**RSA, "d": "x"}],
        "key 1 must have 2048 to 4096 bits": [{**RSA, "n": "AQAB"}],
        "key 2 must be of type RSA": [EC, ECKey.generate_key("P-384").as_dict(private=True)],
        "key 1 must be of type RSA": [{"kty": "OKP", "crv": "Ed25519", "x": "x", "d": "x"}],
        "key 1 must be for signatures with RS256": [{**RSA, "alg": "PS256"}],
        "key 1 must be for signatures with ES256": [{**EC, "use": "enc"}],
        "key 1 must have whole seconds as its nbf": [{**EC, "nbf": "soon"}],
        "key 1 must have whole seconds as its iat": [{**EC, "iat": 1.5}],
        "key 1 must have a kid": [{**EC, "kid": 7}],
        "at least one key": [],
        "must be a JWK set": None,
    }.items():
        with pytest.raises(KeySetError, match=reason) as refused:
            read_signing_keys(json.dumps({"keys": keys}) if keys is not None else "x")

        assert not [secret for secret in (RSA["d"], RSA["p"], EC["d"]) if secret in str(refused.value)]


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_short_rsa_key_is_refused() -> None:
    short = RSAKey.generate_key(1024).as_dict(private=True)

    with pytest.raises(KeySetError, match="2048 to 4096 bits"):
        read_signing_keys(json.dumps({"keys": [short, EC]}))


def test_an_old_key_and_a_key_without_iat_are_reported() -> None:
    now, year = EARLIER + timedelta(days=366), timedelta(days=365)
    ageless = {name: value for name, value in EC.items() if name != "iat"}
    keys = read_signing_keys(json.dumps({"keys": [RSA, ageless]}))
    fresh = read_signing_keys(new_signing_keys(now, former=KEYS))

    old, unknown = key_warnings(keys, now, max_age=year)

    assert ("RS256" in old, "365 days" in old) == (True, True)
    assert ("ES256" in unknown, "iat" in unknown) == (True, True)
    assert list(key_warnings(fresh, now, max_age=year)) == []


def _kid(signer: JoseSigner, algorithm: Algorithm) -> Any:
    token = signer.sign(CLAIMS, token_type="JWT", algorithm=algorithm)
    published = KeySet.import_key_set(signer.public_keys())  # type: ignore[arg-type]  # a plain dict
    return jwt.decode(token, published, algorithms=[algorithm]).header["kid"]
