"""The `claims` parameter of an authorization request (OpenID Connect Core section 5.5, OIDC-10)."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from identity.domain.authorization_error import AuthorizationError
from identity.domain.oidc_scopes import claims_of

_DESTINATIONS = ("id_token", "userinfo")
_ALWAYS = frozenset({"sub", "acr", "auth_time"})
_MAX_DEPTH: Final = 8

Requests = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class RequestedClaims:
    """The requested claims that the scopes allow, by destination, which is `id_token` or `userinfo`.

    A claim's value is None, or its members `essential`, `value` and `values`, as far as present.
    """

    by_destination: Mapping[str, Requests] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        return frozenset(name for requests in self.by_destination.values() for name in requests)

    @property
    def subjects(self) -> frozenset[str] | None:
        """The requested values of `sub`, or None if any account is acceptable."""
        named = [
            values
            for requests in self.by_destination.values()
            if (values := _accepted_values(requests.get("sub")))
        ]
        return frozenset.intersection(*named) if named else None

    def demands_other_acr(self, offered: str) -> bool:
        """Return whether an essential `acr` excludes `offered`."""
        return any(
            values is not None and offered not in values
            for requests in self.by_destination.values()
            if (acr := requests.get("acr")) and acr.get("essential")
            for values in [_accepted_values(acr)]
        )


def parse_claims(raw: str | None, scopes: Iterable[str]) -> RequestedClaims:
    """Parse the parameter; claims that the scopes do not allow are left out. Raises AuthorizationError."""
    if raw is None:
        return RequestedClaims()
    try:
        parsed = json.loads(raw, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
        depth = _depth(parsed)
    except (ValueError, RecursionError):
        _refuse()
    if depth > _MAX_DEPTH:
        _refuse()
    members = _object(parsed)
    checked = {
        destination: {name: _request(each) for name, each in _object(members[destination]).items()}
        for destination in _DESTINATIONS
        if destination in members
    }
    allowed = claims_of(scopes) | _ALWAYS
    return RequestedClaims(
        {
            destination: {name: each for name, each in requests.items() if name in allowed}
            for destination, requests in checked.items()
        }
    )


def _request(value: object) -> Mapping[str, Any] | None:
    """Validate the request for one claim; its unknown members are ignored (section 5.5.1)."""
    if value is None:
        return None
    members = _object(value)
    known: dict[str, Any] = {
        name: members[name] for name in ("essential", "value", "values") if name in members
    }
    if not isinstance(known.get("essential", False), bool) or not isinstance(known.get("values", []), list):
        _refuse()
    return known


def _accepted_values(request: Mapping[str, Any] | None) -> frozenset[str] | None:
    """Return the values that the client accepts, or None if it accepts every value."""
    if not request or ("value" not in request and "values" not in request):
        return None
    return frozenset(map(str, [request["value"]] if "value" in request else request["values"]))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else _refuse()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _refuse()


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _finite(raw: str) -> float:
    number = float(raw)
    return number if math.isfinite(number) else _refuse()


def _refuse(_constant: str = "") -> NoReturn:
    raise AuthorizationError("invalid_request", "claims is not a valid JSON object")
