"""Signs the tokens of mailed links and device cookies; digests session tokens, bind codes and counters' subjects."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence

from itsdangerous import BadData, SignatureExpired, TimestampSigner, URLSafeTimedSerializer
from port_runtime.secret import Secret
from typing_extensions import override

from identity.adapters.key_derivation import derive
from identity.domain.credential import DeviceOwner
from identity.domain.errors import LinkExpired, LinkInvalid
from identity.domain.mail_link import Purpose
from identity.domain.rate_limits import Counter
from identity.domain.session import DEVICE_LIFETIME
from identity.usecases.ports.clock import Clock
from identity.usecases.ports.link_and_cookie_tokens import Tokens

_MAX_TOKEN_LENGTH = 512
_COUNTER_DIGITS = 32
"""128 bits in hexadecimal digits, so that two subjects do not have the same digest by chance."""


def _counter_key(key: bytes, counter: Counter) -> str:
    """Return the limit's name and a digest for each part of the subject; each digest covers the earlier parts too."""
    name, subject = counter.limit.name, counter.subject
    starts = [json.dumps([name, *subject[: end + 1]]).encode() for end in range(len(subject))]
    digests = [hmac.new(key, start, hashlib.sha256).hexdigest()[:_COUNTER_DIGITS] for start in starts]
    return ":".join((name, *digests))


def _signer_of(clock: Clock) -> type[TimestampSigner]:
    class ClockedSigner(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(clock.now().timestamp())

    return ClockedSigner


class SignedTokens(Tokens):
    """Signs with the first of the installation's secret keys, and verifies with any of them."""

    def __init__(self, keys: Sequence[Secret], clock: Clock) -> None:
        self._keys = keys
        self._signer = _signer_of(clock)
        self._links = {purpose: self._serializer(f"link:{purpose}") for purpose in Purpose}
        self._devices = self._serializer("device")
        self._code_keys = [derive(key, "bind-code") for key in keys]
        self._counter_keys = [derive(key, "counter") for key in keys]

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        # itsdangerous signs with the last key
        derived = [derive(key, purpose) for key in reversed(self._keys)]
        return URLSafeTimedSerializer(
            derived, salt=purpose, signer=self._signer, signer_kwargs={"digest_method": hashlib.sha256}
        )

    @override
    def link(self, purpose: Purpose, account_id: str, challenge: str) -> str:
        return self._links[purpose].dumps([account_id, challenge])

    @override
    def read_link(self, purpose: Purpose, token: str) -> tuple[str, str]:
        try:
            if len(token) > _MAX_TOKEN_LENGTH:
                raise LinkInvalid
            seconds = int(purpose.lifetime.total_seconds())
            account_id, challenge = self._links[purpose].loads(token, max_age=seconds)
        except SignatureExpired:
            raise LinkExpired(purpose) from None
        except (BadData, ValueError):
            raise LinkInvalid from None
        return account_id, challenge

    @override
    def session_digest(self, token: str) -> str:
        # 256 random bits need neither a key nor a salt.
        return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

    @override
    def code_digest(self, challenge: str, code: str) -> str:
        return self.code_digests(challenge, code)[0]

    @override
    def code_digests(self, challenge: str, code: str) -> list[str]:
        message = f"{challenge}:{code}".encode()  # the challenge ties the digest to one binding's code
        return [hmac.new(key, message, hashlib.sha256).hexdigest() for key in self._code_keys]

    @override
    def counter_keys(self, counter: Counter) -> list[str]:
        return [_counter_key(key, counter) for key in self._counter_keys]

    @override
    def device(self, account: DeviceOwner) -> str:
        return self._devices.dumps([account.id, account.credential_version, secrets.token_urlsafe(9)])

    @override
    def device_id(self, cookie: str | None, account: DeviceOwner) -> str | None:
        if cookie is None or len(cookie) > _MAX_TOKEN_LENGTH:
            return None
        try:
            account_id, version, nonce = self._devices.loads(
                cookie, max_age=int(DEVICE_LIFETIME.total_seconds())
            )
        except (BadData, ValueError):
            return None
        is_current = account_id == account.id and version == account.credential_version
        return str(nonce) if is_current else None
