"""Decrypts sealed payloads: ECDH-ES on X25519 with A256GCM (RFC 7516; RFC 7518 sections 4.6 and 5.3).

joserfc would take longer, and decrypting limits a mailer's throughput.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, Final, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey

AGREEMENT: Final = "ECDH-ES"
ENCRYPTION: Final = "A256GCM"

_KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")
"""Maps the alphabet of base64url to that of base64, and the other characters of base64 to an invalid one."""
_ALGORITHM: Final = len(ENCRYPTION).to_bytes(4, "big") + ENCRYPTION.encode()
_NO_PARTIES: Final = bytes(8)  # the lengths of `apu` and `apv`, both 0
_OTHER_INFO: Final = _ALGORITHM + _NO_PARTIES + (8 * _KEY_BYTES).to_bytes(4, "big")


def decrypt(compact: str, header: dict[str, Any], key: OKPKey) -> bytes:
    """Return the plaintext of a compact JWE with this decoded header. Raises ValueError, TypeError or KeyError."""
    protected, encrypted_key, *rest = compact.split(".")
    ephemeral = header["epk"]
    names = (header["alg"], header["enc"], ephemeral["kty"], ephemeral["crv"])
    if names != (AGREEMENT, ENCRYPTION, "OKP", "X25519") or encrypted_key:
        raise ValueError("unsupported algorithm")
    nonce, ciphertext, tag = map(decoded, rest)
    if (len(nonce), len(tag)) != (_NONCE_BYTES, _TAG_BYTES):
        raise ValueError("wrong length of nonce or tag")
    public = X25519PublicKey.from_public_bytes(decoded(ephemeral["x"]))
    shared = cast("X25519PrivateKey", key.private_key).exchange(public)
    derived = ConcatKDFHash(SHA256(), _KEY_BYTES, _OTHER_INFO).derive(shared)
    try:
        return AESGCM(derived).decrypt(nonce, ciphertext + tag, protected.encode())
    except InvalidTag:
        raise ValueError("not authentic") from None


def decoded(text: str) -> bytes:
    """Return the bytes of base64url without padding (RFC 7515, section 2). Raises ValueError or TypeError."""
    plain = str.encode(text, "ascii").translate(_FROM_URL)
    return b64decode(plain + b"=" * (-len(plain) % 4), validate=True)
