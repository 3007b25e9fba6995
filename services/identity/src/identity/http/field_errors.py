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
    """`pointer` is a JSON pointer (RFC 6901) to the invalid field, `detail` the message."""

    pointer: str
    code: str
    detail: str


class InvalidInput(Refusal):
    """One or more invalid fields, reported together (REG-11)."""

    def __init__(self, field_errors: Iterable[FieldError]) -> None:
        self.errors = tuple(field_errors)
        super().__init__(", ".join(f"{each.pointer}: {each.code}" for each in self.errors))


def field_error_sentence(error: InvalidValue) -> str:
    key = f"{error.code}.{error.case}" if error.case else error.code
    values = {
        name: texts.SEPARATOR.join(value) if isinstance(value, tuple) else value
        for name, value in error.values.items()
    }
    return texts.FIELD_ERRORS[key].format(**values)


def field_error(pointer: str, error: InvalidValue) -> FieldError:
    return FieldError(pointer, error.code, field_error_sentence(error))


def parse_tax_id(raw: str) -> str:
    """Parse a company's tax id; a setting can disable the checksum (REG-7). Raises InvalidValue."""
    return tax_id.parse_tax_id(raw, checksum=ports().rules.tax_id_checksum)


def password_errors(password: str, values: Mapping[str, str]) -> Iterator[InvalidValue]:
    """Yield all errors of an applicant's password; `values` are the applicant's other fields (REG-10, SEC-2)."""
    return ports().rules.passwords.errors(password, personal_terms(values))


def personal_terms(values: Mapping[str, str]) -> list[str]:
    """Return the values of an applicant that the password must not contain (SEC-2)."""
    return [values.get(name, "") for name in PERSONAL_FIELDS]
