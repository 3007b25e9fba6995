"""Checks that the API and the portal share because they depend on this installation's settings."""

from collections.abc import Iterator, Mapping

from identity.domain import company
from identity.domain.account import PERSONAL_FIELDS
from identity.domain.errors import InvalidValue
from identity.http.context import ports


def parse_tax_id(raw: str) -> str:
    """Parse a company's tax id; the settings decide on its checksum (REG-7). Raises InvalidValue."""
    return company.parse_tax_id(raw, checksum=ports().rules.tax_id_checksum)


def password_errors(password: str, values: Mapping[str, str]) -> Iterator[InvalidValue]:
    """Yield every error of an applicant's password; it must not contain their other `values` (REG-10, SEC-2)."""
    return ports().rules.passwords.errors(password, [values.get(name, "") for name in PERSONAL_FIELDS])
