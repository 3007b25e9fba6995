"""A person's data: account name, full name and mailbox (REG-3, REG-4, REG-9)."""

import re

from email_validator import EmailNotValidError, validate_email

from identity.domain.errors import InvalidValue
from identity.domain.taiwan import COMPANY_SUFFIXES
from identity.domain.text import parse_person_name, to_half_width

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{3,29}")
_MAX_EMAIL_CHARACTERS = 254
"""RFC 5321 section 4.5.3.1.3 with RFC 3696 erratum 1690."""


def parse_username(raw: str) -> str:
    """Return an account name with its case preserved (REG-3). Raises InvalidValue."""
    name = to_half_width(raw)
    if not _USERNAME.fullmatch(name):
        raise InvalidValue("invalid_username")
    return name


def username_key(username: str) -> str:
    """Return the form under which an account name is unique (REG-3), of any text submitted at login."""
    return to_half_width(username).lower()


def parse_name(raw: str) -> str:
    """Return a person's full name, 2 to 50 characters; a company's name is refused (REG-4). Raises InvalidValue."""
    name = parse_person_name(raw, min_length=2, max_length=50)
    if _ends_with_company_suffix(name):
        raise InvalidValue("company_name")
    return name


def _ends_with_company_suffix(name: str) -> bool:
    lowered = to_half_width(name).lower()
    return any(
        lowered.endswith(ending)
        and (not ending[0].isascii() or not lowered.removesuffix(ending)[-1:].isalnum())
        for ending in COMPANY_SUFFIXES
    )


def parse_email(raw: str) -> str:
    """Return the mailbox in lower case, the form in which it is stored and compared (REG-9). Raises InvalidValue."""
    text = to_half_width(raw)
    if len(text) > _MAX_EMAIL_CHARACTERS:
        raise InvalidValue("invalid_email", "too_long", max=_MAX_EMAIL_CHARACTERS)
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise InvalidValue("invalid_email") from None
    return (checked.ascii_email or checked.normalized).lower()


def masked_email(email: str) -> str:
    """Return the mailbox as others may see it, for example `s•••@example.com` (BIND-1)."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"
