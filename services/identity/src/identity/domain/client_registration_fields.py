"""The fields of a client's registration; all invalid fields are reported at once (OIDC-25)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from identity.domain.client_uri import MAX_URIS
from identity.domain.errors import InvalidValue
from identity.domain.service_client import ClientError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WrongField:
    """An invalid value of a field. `position` is its index in a list, or None if the whole field is wrong."""

    name: str
    error: InvalidValue
    position: int | None = None


class RegistrationError(ClientError):
    def __init__(self, wrong: Iterable[WrongField]) -> None:
        self.wrong = tuple(wrong)
        super().__init__(", ".join(f"{each.name}: {each.error.code}" for each in self.wrong))


class Fields:
    """Parses the fields of a registration and collects the invalid ones in `wrong`."""

    def __init__(self, registration: object) -> None:
        self._registration = registration
        self.wrong: list[WrongField] = []

    def one(self, name: str, parse: Callable[[str], T]) -> T | None:
        """Return the parsed field, or None if the field is not set or invalid."""
        raw = getattr(self._registration, name)
        return None if raw is None else self._parsed(name, raw, parse)

    def each(self, name: str, parse: Callable[[str], str], *, limit: int = MAX_URIS) -> list[str]:
        """Return the parsed valid items of a list field, without duplicates; none if there are more than `limit`."""
        items: Sequence[str] = getattr(self._registration, name)
        if len(items) > limit:
            self.wrong.append(WrongField(name, InvalidValue("too_long", "items", max=limit)))
            return []
        parsed = [self._parsed(name, raw, parse, position) for position, raw in enumerate(items)]
        return list(dict.fromkeys(each for each in parsed if each is not None))

    def _parsed(
        self, name: str, raw: str, parse: Callable[[str], T], position: int | None = None
    ) -> T | None:
        try:
            return parse(raw)
        except InvalidValue as error:
            self.wrong.append(WrongField(name, error, position))
            return None


def one_of(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(raw: str) -> str:
        if raw not in allowed:
            raise InvalidValue("unknown_value", allowed=allowed)
        return raw

    return parse
