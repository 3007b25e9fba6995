"""Clients' signatures: assertions and DPoP proofs."""

import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from identity.adapters.jose.jws_parser import MAX_PAYLOAD_CHARACTERS
from identity.adapters.jose.verifier import JoseVerifier
from identity.domain.errors import BadClient, InvalidProof
from identity.domain.service_client import ClientError
from joserfc.jwk import ECKey

from tests.support.actors.client_signatures import (
    base64url,
    dpop,
    ec_key,
    key_set,
    rsa_key,
    signed,
    with_header,
)

CLAIMS = {"jti": "j", "name": "王小明"}
VERIFIER = JoseVerifier()


@pytest.fixture(scope="module")
def registered() -> dict[str, Any]:
    """A key with a `kid`, and a key without."""
    return VERIFIER.client_keys(key_set(ec_key("one"), rsa_key()))


def _accepted(tokens: dict[str, str], verify: Callable[[str], object]) -> list[str]:
    accepted = []
    for name, token in tokens.items():
        with suppress(BadClient, InvalidProof):
            verify(token)
            accepted.append(name)
    return accepted


def test_a_registered_key_signs_an_assertion(registered: dict[str, Any]) -> None:
    key = ec_key("one")
    tokens = [
        signed(CLAIMS, key),
        signed(CLAIMS, key, kid="one", typ="JWT"),
        signed(CLAIMS, rsa_key(), typ="client-authentication+jwt"),
        signed(CLAIMS, rsa_key(), kid="the registered key has none"),
    ]

    assert [VERIFIER.client_assertion(token, registered) for token in tokens] == [CLAIMS] * len(tokens)


def test_an_assertion_with_another_signature_header_or_format_is_refused(registered: dict[str, Any]) -> None:
    key = ec_key("one")
    good = signed(CLAIMS, key)
    tokens = {
        "another key": signed(CLAIMS, ec_key("other")),
        "another kid": signed(CLAIMS, key, kid="two"),
        "another type": signed(CLAIMS, key, typ="dpop+jwt"),
        "another algorithm of the key": signed(CLAIMS, rsa_key(), alg="RS256"),
        "a critical member": signed(CLAIMS, key, crit=["exp"], exp=1),
        "unencoded": signed(CLAIMS, key, b64=True),
        "no object": signed([CLAIMS], key),
        "too long": signed({**CLAIMS, "long": "x" * MAX_PAYLOAD_CHARACTERS}, key),
        "not signed": with_header(good, {"alg": "none"}),
        "an algorithm that is no text": with_header(good, {"alg": ["ES256"]}),
        "a header that was not signed": with_header(good, {"alg": "ES256", "typ": "JWT"}),
        "no algorithm": with_header(good, {}),
        "deep": f"{base64url(b'[' * 5000)}.x.x",
        "cut": good[:-2],
        "padded": f"{good}=",
        "empty parts": "..",
        "not ASCII": "王.小.明",
        "no character": "\ud800",
        "empty": "",
    }

    assert _accepted(tokens, lambda token: VERIFIER.client_assertion(token, registered)) == []


def test_a_public_key_is_not_accepted_as_an_hmac_secret(registered: dict[str, Any]) -> None:
    signed_part = with_header(signed(CLAIMS, ec_key("one")), {"alg": "HS256"}).rpartition(".")[0]
    secrets = [
        ec_key("one").as_pem(private=False),
        json.dumps(ec_key("one").as_dict(private=False)).encode(),
    ]
    tokens = {
        str(number): f"{signed_part}.{base64url(hmac.digest(secret, signed_part.encode(), hashlib.sha256))}"
        for number, secret in enumerate(secrets)
    }

    assert _accepted(tokens, lambda token: VERIFIER.client_assertion(token, registered)) == []


def test_a_dpop_proof_is_verified_with_its_own_key() -> None:
    for key in (ec_key(), rsa_key()):
        proof = VERIFIER.dpop(dpop(CLAIMS, key))

        assert (proof.claims, proof.thumbprint) == (CLAIMS, key.thumbprint())


def test_a_dpop_proof_with_another_key_or_header_is_refused() -> None:
    ec, rsa = ec_key(), rsa_key()
    public, public_rsa = ec.as_dict(private=False), rsa.as_dict(private=False)
    tokens = {
        "no key": signed(CLAIMS, ec, typ="dpop+jwt"),
        "another type": dpop(CLAIMS, ec, typ="JWT"),
        "another's key": dpop(CLAIMS, ec, jwk=ec_key("other").as_dict(private=False)),
        "a private key": dpop(CLAIMS, ec, jwk=ec.as_dict(private=True)),
        "a secret beside": dpop(CLAIMS, ec, jwk={**public, "k": "x"}),
        "no object": dpop(CLAIMS, ec, jwk=[public]),
        "a key of the other type": dpop(CLAIMS, ec, jwk=public_rsa),
        "another curve": dpop(CLAIMS, ec, jwk={**public, "crv": "P-384"}),
        "a point outside the curve": dpop(CLAIMS, ec, jwk={**public, "y": public["x"]}),
        "a secret": dpop(CLAIMS, ec, jwk={"kty": "oct", "k": "c2VjcmV0"}),
        "an empty key": dpop(CLAIMS, ec, jwk={}),
        "numbers": dpop(CLAIMS, ec, jwk={**public, "x": 7}),
        "another algorithm of the key": dpop(CLAIMS, rsa, alg="RS256"),
        "a long modulus": dpop(CLAIMS, rsa, jwk={**public_rsa, "n": "A" * 1000}),
        "a short modulus": dpop(CLAIMS, rsa, jwk={**public_rsa, "n": "AQAB"}),
        "a long exponent": dpop(CLAIMS, rsa, jwk={**public_rsa, "e": public_rsa["n"]}),
        "cut": dpop(CLAIMS, ec)[:-1],
    }

    assert _accepted(tokens, VERIFIER.dpop) == []


def test_the_thumbprint_does_not_depend_on_other_members_of_the_key() -> None:
    members = {**ec_key().as_dict(private=False), "kid": "another", "use": "sig"}

    assert VERIFIER.dpop(dpop(CLAIMS, ec_key(), jwk=members)).thumbprint == ec_key().thumbprint()


def test_only_members_needed_for_verification_are_stored_of_a_clients_keys() -> None:
    key = ec_key("one").as_dict(private=False)
    others = {"use": "sig", "alg": "ES256", "x5u": "https://x.example"}

    assert VERIFIER.client_keys(json.dumps({"keys": [{**key, **others}]})) == {"keys": [key]}


@pytest.mark.parametrize(
    ("reason", "keys"),
    [
        ("must be public", lambda: [ec_key().as_dict(private=True)]),
        ("must be public", lambda: [rsa_key().as_dict(private=True)]),
        ("must have keys for signatures", lambda: [{**ec_key().as_dict(private=False), "use": "enc"}]),
        ("must have keys for signatures", lambda: [{**rsa_key().as_dict(private=False), "alg": "RS256"}]),
        ("must have a kid", lambda: [{**ec_key().as_dict(private=False), "kid": ""}]),
        ("must be of type", lambda: [ECKey.generate_key("P-384").as_dict(private=False)]),
        ("must be of type", lambda: [{"kty": "oct", "k": "c2VjcmV0"}]),
        ("public exponent", lambda: [{**rsa_key().as_dict(private=False), "e": base64url(b"\1\0\0\0\1")}]),
        ("must have 10 keys or less", lambda: [ec_key().as_dict(private=False)] * 11),
        ("at least one key", list),
        ("at least one key", lambda: ["x"]),
        ("at least one key", lambda: "x"),
    ],
)
def test_unusable_keys_of_a_client_are_refused_with_the_reason(
    reason: str, keys: Callable[[], object]
) -> None:
    with pytest.raises(ClientError, match=reason):
        VERIFIER.client_keys(json.dumps({"keys": keys()}))
