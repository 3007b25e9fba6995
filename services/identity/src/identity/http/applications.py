"""What API and portal judge alike of an application, by the rules this installation chose (REG-7, REG-10)."""

from collections.abc import Iterator, Mapping

from identity.domain import company
from identity.domain.account import PERSONAL_FIELDS
from identity.domain.errors import InvalidValue
from identity.http.context import ports


def parse_tax_id(raw: str) -> str:
    """Read a company's tax id as this installation does (REG-7). Raises InvalidValue."""
    return company.parse_tax_id(raw, checksum=ports().rules.tax_id_checksum)


def password_faults(password: str, said: Mapping[str, str]) -> Iterator[InvalidValue]:
    """Yield what is wrong with an applicant's password, beside whatever else they `said` is right (REG-10, SEC-2)."""
    return ports().rules.passwords.errors(password, [said.get(name, "") for name in PERSONAL_FIELDS])
