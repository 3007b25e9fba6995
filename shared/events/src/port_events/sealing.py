"""Payloads that only the mailer may read: signed by identity, then encrypted to the mailer's key (SEC-9).

A sealed payload is a JWS (RFC 7515; Ed25519 as named by RFC 9864) inside a JWE (RFC 7516, ECDH-ES on X25519 with
A256GCM). It contains the id and type of its event, so that a sealed part copied to another entry is refused. Threads
may share a Sealer or an Opener.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from joserfc import jwe, jws
from joserfc.errors import BadSignatureError, JoseError

from port_events._decryption import AGREEMENT, ENCRYPTION, decoded, decrypt
from port_events.envelope import format_rfc3339, parse_rfc3339
from port_events.keys import SEAL_CURVE, SIGN_CURVE, KeySetError, KeySets, new_key_sets, read_keys
from port_events.mail_payload import MailPayload

if TYPE_CHECKING:
    from joserfc.jwk import OKPKey

__all__ = [
    "BadSignature",
    "KeySetError",
    "KeySets",
    "MailPayload",
    "Malformed",
    "Mismatched",
    "NotSigned",
    "Opener",
    "SealError",
    "Sealer",
    "UnknownKey",
    "new_key_sets",
]

SIGNATURE: Final = "Ed25519"
MAX_SEALED_CHARACTERS: Final = 64 * 1024
MAX_KID_CHARACTERS: Final = 128

_JWE_HEADER: Final = frozenset({"alg", "enc", "kid", "epk"})
_JWS_HEADER: Final = frozenset({"alg", "kid"})
_JWE_PARTS: Final = 5
_JWS_PARTS: Final = 3
_JWE_ALGORITHMS: Final = (AGREEMENT, ENCRYPTION)


class SealError(Exception):
    """A sealed part is invalid. The message never contains any of its content."""


class UnknownKey(SealError):  # noqa: N818 - named after its cause
    """The key that the JWE or the JWS names is not in the set: a rotation is incomplete, or the sender is unknown."""

    def __init__(self, kid: str) -> None:
        super().__init__(f"unknown key {kid!r}")
        self.kid = kid


class NotSigned(SealError):  # noqa: N818 - named after its cause
    """The decrypted text is not a JWS, or its signature cannot be checked, for example because of another algorithm."""


class BadSignature(SealError):  # noqa: N818 - named after its cause
    """The signature was not made with the key of identity that it names."""


class Mismatched(SealError):  # noqa: N818 - named after its cause
    """The sealed part belongs to another event than its entry."""


class Malformed(SealError):  # noqa: N818 - named after its cause
    """The sealed part is too long, damaged or in another format."""


class Sealer:
    """Signs and seals with the first key of each set; used by identity. The constructor raises KeySetError."""

    def __init__(self, *, seal_keys: str, sign_keys: str) -> None:
        self._seal_kid, self._seal_key = _first(read_keys(seal_keys, curve=SEAL_CURVE, private=False))
        self._sign_kid, self._sign_key = _first(read_keys(sign_keys, curve=SIGN_CURVE, private=True))

    def seal(self, payload: MailPayload) -> str:
        """Return the JWE in compact form.

        Raises ValueError if it would be too long to open, or if a time of the payload has no time zone.
        """
        signed = jws.serialize_compact(
            {"alg": SIGNATURE, "kid": self._sign_kid},
            _to_json(payload),
            self._sign_key,
            algorithms=[SIGNATURE],
        )
        header = {"alg": AGREEMENT, "enc": ENCRYPTION, "kid": self._seal_kid}
        sealed = jwe.encrypt_compact(header, signed, self._seal_key, algorithms=_JWE_ALGORITHMS)
        if len(sealed) > MAX_SEALED_CHARACTERS:
            raise ValueError(f"a sealed payload must not be longer than {MAX_SEALED_CHARACTERS} characters")
        return sealed


class Opener:
    """Opens and verifies with the keys that a payload names; used by the mailer. The constructor raises KeySetError."""

    def __init__(self, *, seal_keys: str, sign_keys: str) -> None:
        self._seal_keys = read_keys(seal_keys, curve=SEAL_CURVE, private=True)
        self._sign_keys = read_keys(sign_keys, curve=SIGN_CURVE, private=False)

    def open(self, sealed: str, *, event_id: str, event_type: str) -> MailPayload:
        """Return the payload, which must have been sealed for this event. Raises SealError."""
        if len(sealed) > MAX_SEALED_CHARACTERS:
            raise Malformed("too long")
        payload = _from_json(self._checked(self._unsealed(sealed)))
        if (payload.event_id, payload.event_type) != (event_id, event_type):
            raise Mismatched("sealed for another event")
        return payload

    def _unsealed(self, sealed: str) -> str:
        # Only the header that Sealer writes is accepted: no compression, no other algorithm, no extension.
        header = _header(sealed, _JWE_PARTS, _JWE_HEADER)
        key = _key_named(header, self._seal_keys)
        try:
            return decrypt(sealed, header, key).decode()
        except (ValueError, TypeError, KeyError):
            raise Malformed("cannot be unsealed") from None

    def _checked(self, signed: str) -> bytes:
        if signed.count(".") != _JWS_PARTS - 1:
            raise NotSigned("no signature inside")
        key = _key_named(_header(signed, _JWS_PARTS, _JWS_HEADER), self._sign_keys)
        try:
            return jws.deserialize_compact(signed, key, algorithms=[SIGNATURE]).payload
        except BadSignatureError:
            raise BadSignature("the signature is not identity's") from None
        except (JoseError, ValueError, TypeError, KeyError):
            raise NotSigned("no signature that can be checked") from None


def _first(keys: dict[str, OKPKey]) -> tuple[str, OKPKey]:
    return next(iter(keys.items()))


def _key_named(header: dict[str, Any], keys: dict[str, OKPKey]) -> OKPKey:
    kid = header["kid"]
    if not isinstance(kid, str):
        raise Malformed("kid: not a text")
    if kid not in keys:
        raise UnknownKey(kid[:MAX_KID_CHARACTERS])
    return keys[kid]


def _header(compact: str, parts: int, names: frozenset[str]) -> dict[str, Any]:
    first, *others = compact.split(".")
    if len(others) != parts - 1:
        raise Malformed("wrong number of parts")
    try:
        header = json.loads(decoded(first))
    except (ValueError, RecursionError):
        raise Malformed("header: not readable") from None
    if not isinstance(header, dict) or header.keys() != names:
        raise Malformed("header: unexpected members")
    return header


def _to_json(payload: MailPayload) -> str:
    claims = {
        "event_id": payload.event_id,
        "event_type": payload.event_type,
        "address": payload.address,
        "name": payload.name,
        "issued_at": format_rfc3339(payload.issued_at),
        "expires_at": format_rfc3339(payload.expires_at),
        "content": dict(payload.content),
    }
    return json.dumps(claims, ensure_ascii=False, separators=(",", ":"))


def _from_json(text: bytes) -> MailPayload:
    try:
        claims = json.loads(text)
        content = claims.pop("content")
        issued_at, expires_at = (
            parse_rfc3339(claims.pop("issued_at")),
            parse_rfc3339(claims.pop("expires_at")),
        )
        texts = {name: claims.pop(name) for name in ("event_id", "event_type", "address", "name")}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise Malformed("claims: unexpected members or types") from None
    if claims or not isinstance(content, dict) or not _all_texts([*texts.values(), *content.values()]):
        raise Malformed("claims: unexpected members or types")
    return MailPayload(**texts, issued_at=issued_at, expires_at=expires_at, content=content)


def _all_texts(values: list[object]) -> bool:
    return all(isinstance(value, str) for value in values)
