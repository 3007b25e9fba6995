"""Only the mailer can decrypt a payload, and it accepts only payloads that identity sealed for the same event."""

import base64
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from joserfc import jwe, jws
from joserfc.jwk import OKPKey
from port_events.keys import KeySetError, KeySets, new_key_sets
from port_events.sealing import (
    MAX_SEALED_CHARACTERS,
    BadSignature,
    MailPayload,
    Malformed,
    Mismatched,
    NotSigned,
    Opener,
    Sealer,
    SealError,
    UnknownKey,
)

from tests.shared.builders import a_payload

OURS = new_key_sets()
STRANGERS = new_key_sets()


def sealer(keys: KeySets = OURS, **changes: str) -> Sealer:
    return Sealer(**{"seal_keys": keys.seal_public, "sign_keys": keys.sign_private, **changes})


def opener(keys: KeySets = OURS, **changes: str) -> Opener:
    return Opener(**{"seal_keys": keys.seal_private, "sign_keys": keys.sign_public, **changes})


def opened(sealed: str, by: Opener | None = None) -> MailPayload:
    payload = a_payload()
    return (by or opener()).open(sealed, event_id=payload.event_id, event_type=payload.event_type)


def both(first: str, second: str) -> str:
    return json.dumps({"keys": json.loads(first)["keys"] + json.loads(second)["keys"]})


def key_of(text: str) -> Any:
    return json.loads(text)["keys"][0]


def sealed_by_hand(inside: bytes, **header: Any) -> str:
    """Encrypt any text to our key, as anyone with the public key can."""
    key = OKPKey.import_key(key_of(OURS.seal_public))
    members = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": key_of(OURS.seal_public)["kid"], **header}
    return jwe.encrypt_compact(members, inside, key, algorithms=["ECDH-ES", "A256GCM", "DEF"])


def signed_by_hand(payload: bytes, **header: Any) -> bytes:
    key = OKPKey.import_key(key_of(OURS.sign_private))
    members = {"alg": "Ed25519", "kid": key_of(OURS.sign_private)["kid"], **header}
    return jws.serialize_compact(members, payload, key, algorithms=["Ed25519"]).encode()


@pytest.mark.rule("SEC-9")
def test_a_sealed_payload_opens_unchanged() -> None:
    assert opened(sealer().seal(a_payload())) == a_payload()


@pytest.mark.rule("SEC-9", "EVT-4")
def test_a_sealed_payload_reveals_nothing() -> None:
    sealed = sealer().seal(a_payload())

    parts = [base64.urlsafe_b64decode(part + "==") for part in sealed.split(".")]

    for hidden in ("hush", "wang", "王小明", "example.tw", "e-1"):
        assert all(hidden.encode() not in part for part in [sealed.encode(), *parts])


@pytest.mark.rule("SEC-9")
def test_identity_cannot_open_its_own_payloads() -> None:
    with pytest.raises(KeySetError, match="private"):
        opener(seal_keys=OURS.seal_public)
    with pytest.raises(KeySetError, match="public"):
        sealer(seal_keys=OURS.seal_private)


@pytest.mark.rule("SEC-9")
def test_a_payload_of_another_event_is_refused() -> None:
    sealed = sealer().seal(a_payload())

    with pytest.raises(Mismatched):
        opener().open(sealed, event_id="e-2", event_type=a_payload().event_type)
    with pytest.raises(Mismatched):
        opener().open(sealed, event_id=a_payload().event_id, event_type="tw.port.identity.account.closed")


def encrypted(
    inside: bytes,
    *,
    nonce: bytes = b"\xfb" * 12,
    tag_bytes: int = 16,
    part: int = 0,
    spelled: Callable[[str], str] = str,
    **header: Any,
) -> str:
    """Encrypt to our key with primitives, which unlike joserfc allow any header and any form of part number `part`."""
    ephemeral = X25519PrivateKey.generate()
    public = X25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key_of(OURS.seal_public)["x"] + "="))
    info = b"\0\0\0\x07A256GCM" + bytes(8) + b"\0\0\1\0"
    secret = ConcatKDFHash(SHA256(), 32, info).derive(ephemeral.exchange(public))
    epk = {"kty": "OKP", "crv": "X25519", "x": unpadded(ephemeral.public_key().public_bytes_raw())}
    members = {
        "alg": "ECDH-ES",
        "enc": "A256GCM",
        "kid": key_of(OURS.seal_public)["kid"],
        "epk": epk,
        **header,
    }

    def written(number: int, data: bytes) -> str:
        return spelled(unpadded(data)) if number == part else unpadded(data)

    protected = written(0, json.dumps(members).encode())
    data = AESGCM(secret).encrypt(nonce, inside, protected.encode())
    ciphertext, tag = data[:-tag_bytes], data[-tag_bytes:]
    return ".".join((protected, "", written(2, nonce), written(3, ciphertext), written(4, tag)))


def padded(text: str) -> str:
    return text + "=" * (-len(text) % 4 or 4)


def broken(text: str) -> str:
    return f"{text[:4]}\n{text[4:]}"


def in_base64(text: str) -> str:
    return text.replace("-", "+").replace("_", "/")


SPELLINGS = [(0, padded), (4, padded), (0, broken), (3, broken), (2, in_base64), (3, in_base64)]


def unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ECDH-ES+A256KW"},
        {"enc": "A128GCM"},
        {"epk": None},
        {
            "epk": {"kty": "OKP", "crv": "X25519", "x": unpadded(bytes(32))}
        },  # a point of low order makes the shared secret predictable
        {"epk": {"kty": "OKP", "crv": "X25519", "x": "AA"}},
        {"epk": {"kty": "OKP", "crv": "X25519", "x": 7}},
    ],
    ids=str,
)
def test_a_header_with_another_algorithm_or_an_unusable_key_is_refused(header: dict[str, Any]) -> None:
    whole = sealer().seal(a_payload())
    key = OKPKey.import_key(key_of(OURS.seal_private))
    signed = jwe.decrypt_compact(whole, key, algorithms=["ECDH-ES", "A256GCM"]).plaintext or b""
    assert opened(encrypted(signed)) == a_payload()

    with pytest.raises(Malformed, match="unsealed"):
        opened(encrypted(signed, **header))


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "form",
    [
        {"nonce": bytes(13)},
        {"tag_bytes": 17},
        {"tag_bytes": 15},
        *({"part": part, "spelled": spelled} for part, spelled in SPELLINGS),
    ],
)
def test_parts_of_another_length_or_not_in_base64url_are_refused(form: dict[str, Any]) -> None:
    signed = signed_by_hand(b"{}" * 200)
    with pytest.raises(Malformed, match="claims"):
        opened(encrypted(signed))

    with pytest.raises(Malformed, match=r"unsealed|not readable"):
        opened(encrypted(signed, **form))


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize("part", range(5))
def test_a_payload_modified_in_any_part_is_refused(part: int) -> None:
    parts = sealer().seal(a_payload()).split(".")
    middle = len(parts[part]) // 2
    swapped = "A" if parts[part][middle : middle + 1] != "A" else "B"
    parts[part] = parts[part][:middle] + swapped + parts[part][middle + 1 :]

    with pytest.raises(SealError):
        opened(".".join(parts))


@pytest.mark.rule("SEC-9")
def test_an_unknown_seal_key_is_named() -> None:
    with pytest.raises(UnknownKey) as caught:
        opened(sealer(seal_keys=STRANGERS.seal_public).seal(a_payload()))

    assert caught.value.kid == key_of(STRANGERS.seal_public)["kid"]


@pytest.mark.rule("SEC-9")
def test_an_unknown_sign_key_is_named() -> None:
    with pytest.raises(UnknownKey) as caught:
        opened(sealer(sign_keys=STRANGERS.sign_private).seal(a_payload()))

    assert caught.value.kid == key_of(STRANGERS.sign_private)["kid"]


@pytest.mark.rule("SEC-9")
def test_a_forged_kid_is_refused() -> None:
    forged = {**key_of(STRANGERS.sign_private), "kid": key_of(OURS.sign_private)["kid"]}

    with pytest.raises(BadSignature):
        opened(sealer(sign_keys=json.dumps({"keys": [forged]})).seal(a_payload()))


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize("inside", [b"{}", b"", b"a.b", b"\xff", b"x.y.z", b"...."])
def test_an_unsigned_payload_is_refused(inside: bytes) -> None:
    with pytest.raises((NotSigned, Malformed)):
        opened(sealed_by_hand(inside))


@pytest.mark.rule("SEC-9")
def test_another_signature_algorithm_or_none_is_refused() -> None:
    none = base64.urlsafe_b64encode(
        json.dumps({"alg": "none", "kid": key_of(OURS.sign_public)["kid"]}).encode()
    )

    with pytest.raises(NotSigned):
        opened(sealed_by_hand(none.rstrip(b"=") + b".e30."))


def test_a_compressed_payload_is_refused_before_decompression() -> None:
    bomb = sealed_by_hand(signed_by_hand(b"0" * 200_000), zip="DEF")
    assert len(bomb) < MAX_SEALED_CHARACTERS

    with pytest.raises(Malformed, match="members"):
        opened(bomb)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        [],
        "text",
        {"event_id": "e-1"},
        {"content": []},
        {"content": {"n": 1}},
        {"expires_at": "tomorrow"},
        {"issued_at": "2026-03-02T04:00:00"},
        {"address": None},
        {"more": "x"},
    ],
    ids=str,
)
def test_a_signed_payload_in_another_format_is_refused(payload: Any) -> None:
    whole = {
        "event_id": "e-1",
        "event_type": a_payload().event_type,
        "address": "a@b",
        "name": "n",
        "issued_at": "2026-03-02T04:00:00Z",
        "expires_at": "2026-03-02T04:00:00Z",
        "content": {},
    }
    assert opened(sealed_by_hand(signed_by_hand(json.dumps(whole).encode()))).content == {}
    wrong = {**whole, **payload} if isinstance(payload, dict) and len(payload) == 1 else payload
    if wrong == whole:
        wrong = {"event_id": "e-1"}

    with pytest.raises(Malformed, match="claims"):
        opened(sealed_by_hand(signed_by_hand(json.dumps(wrong).encode())))


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize(
    "sealed", ["", ".", "a.b.c.d", "a.b.c.d.e", "....", "bnVsbA....", "x" * 65_537, "é.b.c.d.e"]
)
def test_an_invalid_sealed_part_is_refused(sealed: str) -> None:
    with pytest.raises(Malformed):
        opened(sealed)


@pytest.mark.rule("SEC-13")
def test_a_payload_too_long_to_open_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="longer"):
        sealer().seal(a_payload(content={"link": "x" * MAX_SEALED_CHARACTERS}))


@pytest.mark.rule("SEC-9")
def test_keys_are_rotated_by_putting_the_new_key_first() -> None:
    new = new_key_sets()
    before = sealer().seal(a_payload())
    reader = opener(
        seal_keys=both(new.seal_private, OURS.seal_private),
        sign_keys=both(new.sign_public, OURS.sign_public),
    )

    after = sealer(
        seal_keys=both(new.seal_public, OURS.seal_public),
        sign_keys=both(new.sign_private, OURS.sign_private),
    ).seal(a_payload())

    assert opened(before, by=reader) == opened(after, by=reader) == a_payload()
    assert opened(after, by=opener(new)) == a_payload()


@pytest.mark.rule("SEC-9")
def test_neither_payloads_nor_keys_show_their_content() -> None:
    shown = repr(a_payload()) + repr(OURS)

    assert all(hidden not in shown for hidden in ("hush", "wang", "王", key_of(OURS.sign_private)["d"]))


@pytest.mark.rule("SEC-9")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"keys": []}',
        '{"keys": [1]}',
        '{"keys": [{"kty": "OKP", "crv": "X25519", "x": "hush"}]}',
        '{"keys": [{"kty": "OKP", "crv": "X25519"}]}',
        '{"keys": [{"kty": "oct", "k": "hush"}]}',
        OURS.sign_public,
    ],
)
def test_an_invalid_key_set_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(KeySetError) as caught:
        sealer(seal_keys=text)

    assert "hush" not in str(caught.value)


def test_a_key_without_a_kid_is_named_by_its_thumbprint() -> None:
    bare = {name: value for name, value in key_of(OURS.seal_public).items() if name != "kid"}

    assert opened(sealer(seal_keys=json.dumps({"keys": [bare]})).seal(a_payload())) == a_payload()


def test_threads_share_a_sealer_and_an_opener() -> None:
    writer, reader = sealer(), opener()

    def there_and_back(number: int) -> bool:
        payload = a_payload(event_id=f"e-{number}")
        sealed = writer.seal(payload)
        return reader.open(sealed, event_id=payload.event_id, event_type=payload.event_type) == payload

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(there_and_back, range(400)))
