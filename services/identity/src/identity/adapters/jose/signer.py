"""Signs the provider's tokens, verifies its ID tokens and publishes its keys."""

import json
from collections.abc import Sequence
from typing import Any

from joserfc import jws
from typing_extensions import override

from identity.adapters.jose.jws_parser import BadTokenError, SignedToken, parse
from identity.adapters.jose.signing_keys import ALGORITHMS, SigningKey, current_key
from identity.domain.errors import InvalidIdToken
from identity.usecases.ports.clock import Clock
from identity.usecases.ports.jose import Algorithm, Claims, TokenSigner, TokenType

_ID_TOKEN: TokenType = "JWT"  # noqa: S105  # a media type


class JoseSigner(TokenSigner):
    """Signs with the current key of an algorithm (`current_key`), and verifies with the key that the `kid` names."""

    def __init__(self, keys: Sequence[SigningKey], clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def check(self) -> None:
        """Raise KeySetError if an algorithm has no key that may sign now."""
        for algorithm in ALGORITHMS:
            current_key(self._keys, algorithm, self._clock.now())

    def usable_keys(self) -> dict[Algorithm, int]:
        """Return the number of keys that may sign now, by algorithm."""
        now = self._clock.now().timestamp()
        usable = [key.algorithm for key in self._keys if (key.not_before or 0) <= now]
        return {algorithm: usable.count(algorithm) for algorithm in ALGORITHMS}

    @override
    def sign(self, claims: Claims, *, token_type: TokenType, algorithm: Algorithm) -> str:
        key = current_key(self._keys, algorithm, self._clock.now())
        header = {"alg": algorithm, "typ": token_type, "kid": key.kid}
        payload = json.dumps(claims, ensure_ascii=False, separators=(",", ":"))
        return jws.serialize_compact(header, payload, key.key, algorithms=[algorithm])

    @override
    def read_id_token(self, token: str, *, issuer: str) -> Claims:
        try:
            claims = self._verified(parse(token, ALGORITHMS))
        except BadTokenError:
            raise InvalidIdToken from None
        if claims.get("iss") != issuer:
            raise InvalidIdToken
        return claims

    @override
    def public_keys(self) -> dict[str, Any]:
        return {"keys": [key.public for key in self._keys]}

    def _verified(self, token: SignedToken) -> dict[str, Any]:
        header = token.header
        for key in self._keys:
            if (key.kid, key.algorithm, _ID_TOKEN) == (header.get("kid"), header["alg"], header.get("typ")):
                return token.claims(key.key)
        raise BadTokenError
