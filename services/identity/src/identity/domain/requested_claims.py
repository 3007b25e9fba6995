"""The `claims` parameter of an authorization request (OpenID Connect Core section 5.5, OIDC-10)."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from identity.domain.authorization_error import AuthorizationError
from identity.domain.oidc_scopes import claims_of

_PLACES = ("id_token", "userinfo")
_ALWAYS = frozenset({"sub", "acr", "auth_time"})
_MAX_DEPTH: Final = 8

Requests = Mapping[str, Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class RequestedClaims:
    """The requested claims that the scopes allow, by place, each with its `essential`, `value` and `values`."""

    places: Mapping[str, Requests] = field(default_factory=dict)

    @property
    def names(self) -> frozenset[str]:
        """The claims that are requested in any place."""
        return frozenset(name for requests in self.places.values() for name in requests)

    @property
    def subjects(self) -> frozenset[str] | None:
        """The requested values of `sub`, or None if any account is acceptable."""
        named = [wanted for requests in self.places.values() if (wanted := _wanted(requests.get("sub")))]
        return frozenset.intersection(*named) if named else None

    def demands_other_acr(self, offered: str) -> bool:
        """Return whether the client requires an `acr` other than `offered`."""
        return any(
            wanted is not None and offered not in wanted
            for requests in self.places.values()
            if (asked := requests.get("acr")) and asked.get("essential")
            for wanted in [_wanted(asked)]
        )


def parse_claims(raw: str | None, scopes: Iterable[str]) -> RequestedClaims:
    """Parse the parameter; claims that the scopes do not allow are left out. Raises AuthorizationError."""
    if raw is None:
        return RequestedClaims()
    try:
        asked = json.loads(raw, object_pairs_hook=_once, parse_constant=_refuse, parse_float=_finite)
        depth = _depth(asked)
    except (ValueError, RecursionError):
        _refuse()
    if depth > _MAX_DEPTH:
        _refuse()
    places = {place: _object(_object(asked)[place]) for place in _PLACES if place in _object(asked)}
    checked = {
        place: {name: _request(each) for name, each in wanted.items()} for place, wanted in places.items()
    }
    allowed = claims_of(scopes) | _ALWAYS
    return RequestedClaims(
        {
            place: {name: each for name, each in wanted.items() if name in allowed}
            for place, wanted in checked.items()
        }
    )


def _request(asked: object) -> Mapping[str, Any] | None:
    """Validate the request for one claim; its unknown members are ignored (section 5.5.1)."""
    if asked is None:
        return None
    members = _object(asked)
    known: dict[str, Any] = {
        name: members[name] for name in ("essential", "value", "values") if name in members
    }
    if not isinstance(known.get("essential", False), bool) or not isinstance(known.get("values", []), list):
        _refuse()
    return known


def _wanted(asked: Mapping[str, Any] | None) -> frozenset[str] | None:
    """Return the values that a claim may have, or None if any value is acceptable."""
    if not asked or ("value" not in asked and "values" not in asked):
        return None
    return frozenset(map(str, [asked["value"]] if "value" in asked else asked["values"]))


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
