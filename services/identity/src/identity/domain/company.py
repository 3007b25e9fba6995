"""Companies and their names (REG-8)."""

from dataclasses import dataclass

from identity.domain.typed_text import parse_proper_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company's data. Every account has its own copy (PRO-1)."""

    tax_id: str
    phone: str
    name: str
    address: str


def parse_company_name(raw: str) -> str:
    """Return a company's full name, 2 to 100 characters (REG-8). Raises InvalidValue."""
    return parse_proper_name(raw, max_length=100)
