"""`identity keys` creates, lists and rotates keys; lists and errors contain no key (SEC-4, SEC-9)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from identity.adapters.clock import SystemClock
from identity.adapters.jose.signer import JoseSigner
from identity.adapters.jose.signing_keys import read_signing_keys
from identity.adapters.key_derivation import derive
from identity.cli import main
from port_events.keys import new_key_sets
from port_events.sealing import MailPayload, Opener, Sealer
from port_runtime.secret import Secret

from tests.support.harness.settings import oidc_keys

KEYS = new_key_sets()
OLD = "a-signing-key-of-the-tests-that-is-long-enough"
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
LETTER = MailPayload(
    event_id="e-1",
    event_type="tw.port.identity.verification.requested",
    address="wang@example.tw",
    name="王小明",
    issued_at=NOON,
    expires_at=NOON + timedelta(days=1),
    content={},
)


def _keys(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(main, ["keys", *arguments], env=environment)


@pytest.mark.rule("SEC-9")
def test_after_a_rotation_of_the_seal_keys_old_and_new_mails_can_be_opened() -> None:
    ended = _keys("rotate", "seal", "--json", MAIL_SEAL_PRIVATE_KEYS=KEYS.seal_private)
    rotated = json.loads(ended.stdout)

    opener = Opener(seal_keys=rotated["MAIL_SEAL_PRIVATE_KEYS"], sign_keys=KEYS.sign_public)
    for seal_keys in (KEYS.seal_public, rotated["MAIL_SEAL_PUBLIC_KEYS"]):
        sealed = Sealer(seal_keys=seal_keys, sign_keys=KEYS.sign_private).seal(LETTER)
        assert opener.open(sealed, event_id=LETTER.event_id, event_type=LETTER.event_type) == LETTER
    assert _ids(rotated["MAIL_SEAL_PUBLIC_KEYS"])[1:] == _ids(KEYS.seal_public)
    assert '"d"' not in rotated["MAIL_SEAL_PUBLIC_KEYS"]


@pytest.mark.rule("SEC-9")
def test_after_a_rotation_of_the_sign_keys_old_and_new_mails_verify() -> None:
    ended = _keys("rotate", "sign", "--json", MAIL_SIGN_PRIVATE_KEYS=KEYS.sign_private)
    rotated = json.loads(ended.stdout)

    opener = Opener(seal_keys=KEYS.seal_private, sign_keys=rotated["MAIL_SIGN_PUBLIC_KEYS"])
    for sign_keys in (KEYS.sign_private, rotated["MAIL_SIGN_PRIVATE_KEYS"]):
        sealed = Sealer(seal_keys=KEYS.seal_public, sign_keys=sign_keys).seal(LETTER)
        assert opener.open(sealed, event_id=LETTER.event_id, event_type=LETTER.event_type) == LETTER


@pytest.mark.rule("SEC-4", "SEC-11")
@pytest.mark.parametrize(
    ("kind", "setting"), [("signing", "IDENTITY_SECRET_KEYS"), ("audit", "IDENTITY_AUDIT_KEYS")]
)
def test_rotating_identitys_own_keys_puts_the_new_key_first(kind: str, setting: str) -> None:
    ended = _keys("rotate", kind, **{setting: f"{OLD},{OLD}-2"})

    name, _, value = ended.stdout.strip().partition("=")
    new, *others = value.split(",")
    assert (name, others) == (setting, [OLD, f"{OLD}-2"])
    assert len(new) == 64


@pytest.mark.rule("OIDC-26")
def test_rotating_openid_connect_keys_adds_two_keys_that_sign_after_an_hour() -> None:
    before = datetime.now(UTC).timestamp()

    ended = _keys("rotate", "oidc", "--json", IDENTITY_OIDC_KEYS=oidc_keys())

    rotated = json.loads(ended.stdout)["IDENTITY_OIDC_KEYS"]
    rsa, ec, *former = json.loads(rotated)["keys"]
    assert former == json.loads(oidc_keys())["keys"]
    assert [(key["kty"], round((key["nbf"] - before) / 60)) for key in (rsa, ec)] == [("RSA", 60), ("EC", 60)]
    assert len(read_signing_keys(rotated)) == 4


@pytest.mark.rule("OIDC-26")
def test_new_keys_sign_at_once() -> None:
    made = json.loads(_keys("new", "--json").stdout)["IDENTITY_OIDC_KEYS"]

    signer = JoseSigner(read_signing_keys(made), SystemClock())

    assert signer.sign({}, token_type="JWT", algorithm="RS256")
    assert signer.sign({}, token_type="at+jwt", algorithm="ES256")


@pytest.mark.rule("SEC-4", "SEC-9")
def test_listing_shows_ids_in_order_and_no_key() -> None:
    rotated = json.loads(_keys("rotate", "seal", "--json", MAIL_SEAL_PRIVATE_KEYS=KEYS.seal_private).stdout)
    own = {"IDENTITY_SECRET_KEYS": OLD, "IDENTITY_AUDIT_KEYS": f"{OLD}-2,{OLD}-3"}
    public = {"MAIL_SIGN_PUBLIC_KEYS": KEYS.sign_public}
    environment = {**rotated, **own, **public, "IDENTITY_OIDC_KEYS": oidc_keys()}

    ended = _keys("list", "--json", **environment)

    listed = json.loads(ended.stdout)
    assert listed["MAIL_SEAL_PRIVATE_KEYS"] == listed["MAIL_SEAL_PUBLIC_KEYS"]
    assert listed["MAIL_SEAL_PUBLIC_KEYS"] == _ids(rotated["MAIL_SEAL_PUBLIC_KEYS"])
    assert listed["MAIL_SIGN_PUBLIC_KEYS"] == _ids(KEYS.sign_public)
    assert [len(listed[name]) for name in own] == [1, 2]
    assert listed["IDENTITY_OIDC_KEYS"] == _ids(oidc_keys())
    private = [rotated["MAIL_SEAL_PRIVATE_KEYS"], oidc_keys()]
    secrets = [OLD, *(key["d"] for each in private for key in json.loads(each)["keys"])]
    assert [secret for secret in secrets if secret in ended.output] == []


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("rotate", "seal"), {}),
        (("rotate", "sign"), {"MAIL_SIGN_PRIVATE_KEYS": KEYS.sign_public}),
        (("rotate", "seal"), {"MAIL_SEAL_PRIVATE_KEYS": KEYS.sign_private}),
        (("list",), {"MAIL_SEAL_PUBLIC_KEYS": KEYS.seal_private}),
        (("rotate", "oidc"), {}),
        (("rotate", "oidc"), {"IDENTITY_OIDC_KEYS": KEYS.sign_private}),
        (("list",), {"IDENTITY_OIDC_KEYS": KEYS.seal_public}),
    ],
    ids=[
        "nothing set",
        "a public set",
        "keys of the other kind",
        "private keys instead of public keys",
        "nothing set for OpenID Connect",
        "keys for mails",
        "keys for mails, listed",
    ],
)
def test_a_malformed_key_set_is_reported_by_its_name_only(
    arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    ended = _keys(*arguments, **environment)

    assert ended.exit_code == 1
    assert ended.output.startswith(("Error: MAIL_S", "Error: IDENTITY_OIDC_KEYS: "))
    assert '"x"' not in ended.output


def _ids(key_set: str) -> list[str]:
    return [key["kid"] for key in json.loads(key_set)["keys"]]


def test_derived_keys_equal_hkdfs() -> None:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"identity:pages")

    assert derive(Secret(OLD), "pages") == hkdf.derive(OLD.encode())
