"""Field errors, and checks that depend on the settings, shared by the API and the portal."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from identity.domain import tax_id
from identity.domain.account import PERSONAL_FIELDS
from identity.domain.errors import InvalidValue, Refusal
from identity.http.web_context import ports
from identity.http.zh_tw import field_errors as texts


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid value with the JSON pointer of its field."""

    pointer: str
    code: str
    detail: str


class InvalidInput(Refusal):
    """One or more fields are invalid; all of them are reported at once (REG-11)."""

    def __init__(self, field_errors: Iterable[FieldError]) -> None:
        self.errors = tuple(field_errors)
        super().__init__(", ".join(f"{each.pointer}: {each.code}" for each in self.errors))


def field_error_sentence(error: InvalidValue) -> str:
    """Return the message of an invalid value."""
    key = f"{error.code}.{error.case}" if error.case else error.code
    values = {
        name: texts.SEPARATOR.join(value) if isinstance(value, tuple) else value
        for name, value in error.values.items()
    }
    return texts.FIELD_ERRORS[key].format(**values)


def field_error(pointer: str, error: InvalidValue) -> FieldError:
    """Return the error of the field at a JSON pointer."""
    return FieldError(pointer, error.code, field_error_sentence(error))


def parse_tax_id(raw: str) -> str:
    """Parse a company's tax id; a setting disables the checksum (REG-7). Raises InvalidValue."""
    return tax_id.parse_tax_id(raw, checksum=ports().rules.tax_id_checksum)


def password_errors(password: str, values: Mapping[str, str]) -> Iterator[InvalidValue]:
    """Yield every error of an applicant's password, which must not contain the other `values` (REG-10, SEC-2)."""
    return ports().rules.passwords.errors(password, personal_terms(values))


def personal_terms(values: Mapping[str, str]) -> list[str]:
    """Return the values of an applicant that the password must not contain (SEC-2)."""
    return [values.get(name, "") for name in PERSONAL_FIELDS]
