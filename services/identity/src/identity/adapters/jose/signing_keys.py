"""The provider's signing keys (OIDC-26), a private JWK set. RSA keys sign with RS256, P-256 keys with ES256.

Two members of a key are times in seconds since 1970: `iat`, its creation, and `nbf`, from which it may sign.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, get_args

from joserfc.jwk import ECKey, RSAKey

from identity.adapters.jose.jwk import (
    CURVE,
    Key,
    KeySetError,
    import_key,
    items_of,
    kid_of,
    public_members,
    thumbprint,
)
from identity.usecases.ports.jose import Algorithm

ALGORITHMS: Final[tuple[Algorithm, ...]] = get_args(Algorithm)
_RSA_BITS = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """`issued_at` and `not_before` are the members `iat` and `nbf`."""

    kid: str
    algorithm: Algorithm
    key: Key = field(repr=False)
    issued_at: int | None = None
    not_before: int | None = None

    @property
    def public(self) -> dict[str, Any]:
        """The members that JWKS publishes."""
        return {**public_members(self.key), "kid": self.kid, "use": "sig", "alg": self.algorithm}


def read_signing_keys(text: str) -> tuple[SigningKey, ...]:
    """Return the keys of a private JWK set, in order. Raises KeySetError."""
    found: dict[str, SigningKey] = {}
    for number, item in enumerate(items_of(text), start=1):
        try:
            key = _signing_key(item)
        except KeySetError as error:
            raise KeySetError(f"key {number} {error}") from None
        if key.kid in found:
            raise KeySetError(f"key {number} must not have the kid of another key")
        found[key.kid] = key
    return tuple(found.values())


def current_key(keys: Iterable[SigningKey], algorithm: Algorithm, now: datetime) -> SigningKey:
    """Return the key that signs: the first of the algorithm that has no `nbf`, or one that has passed.

    Raises KeySetError.
    """
    of_algorithm = [key for key in keys if key.algorithm == algorithm]
    for key in of_algorithm:
        if (key.not_before or 0) <= now.timestamp():
            return key
    kind = "an RSA key" if algorithm == "RS256" else f"a {CURVE} key"
    raise KeySetError(f"must have {kind}" + (" whose nbf has passed" if of_algorithm else ""))


def new_signing_keys(now: datetime, *, starts_in: timedelta | None = None, former: str = "") -> str:
    """Return a JWK set: a new key of each algorithm, then the keys of the set `former`. Raises KeySetError.

    With `starts_in`, the new keys sign only after this time.
    """
    times = {"iat": int(now.timestamp())}
    if starts_in is not None:
        times["nbf"] = int((now + starts_in).timestamp())
    if former:
        read_signing_keys(former)
    new: list[Key] = [RSAKey.generate_key(_RSA_BITS), ECKey.generate_key(CURVE)]
    items = [{**key.as_dict(private=True), "kid": thumbprint(key), **times} for key in new]
    return json.dumps({"keys": [*items, *(items_of(former) if former else ())]}, separators=(",", ":"))


def key_warnings(keys: Iterable[SigningKey], now: datetime, *, max_age: timedelta) -> Iterator[str]:
    """Yield a warning for each current key that is older than `max_age` or whose age is unknown."""
    for algorithm in ALGORITHMS:
        key = current_key(keys, algorithm, now)
        since = key.not_before or key.issued_at
        if since is None:
            yield f"the age of the {algorithm} key is unknown: it has neither iat nor nbf"
        elif now.timestamp() - since > max_age.total_seconds():
            yield f"the {algorithm} key is older than {max_age.days} days: run `identity keys rotate oidc`"


def _signing_key(item: Mapping[str, Any]) -> SigningKey:
    key = import_key(item, private=True)
    algorithm: Algorithm = "RS256" if isinstance(key, RSAKey) else "ES256"
    if item.get("alg", algorithm) != algorithm or item.get("use", "sig") != "sig":
        raise KeySetError(f"must be for signatures with {algorithm}")
    return SigningKey(
        kid=kid_of(item) or thumbprint(key),
        algorithm=algorithm,
        key=key,
        issued_at=_time(item, "iat"),
        not_before=_time(item, "nbf"),
    )


def _time(item: Mapping[str, Any], name: str) -> int | None:
    value = item.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise KeySetError(f"must have whole seconds as its {name}, or none")
    return value
