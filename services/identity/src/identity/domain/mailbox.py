"""Mailboxes: validation, normalization and aliases (REG-9)."""

from email_validator import EmailNotValidError, validate_email

from identity.domain.characters import to_half_width
from identity.domain.errors import InvalidValue

_MAX_CHARACTERS = 254
"""The maximum length of a mailbox (RFC 5321 section 4.5.3.1.3 with RFC 3696 erratum 1690)."""
_TAG_SEPARATORS = {"yahoo.com": "+-", "yahoo.com.tw": "+-", "ymail.com": "+-", "rocketmail.com": "+-"}
"""The characters that start a tag, for providers that allow more than the usual plus sign."""
_GMAIL = {"gmail.com", "googlemail.com"}


def parse_mailbox(raw: str) -> str:
    """Return the mailbox in lower case, as it is stored and compared (REG-9). Raises InvalidValue."""
    text = to_half_width(raw)
    if len(text) > _MAX_CHARACTERS:
        raise InvalidValue("invalid_email", "too_long", max=_MAX_CHARACTERS)
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        raise InvalidValue("invalid_email") from None
    return (checked.ascii_email or checked.normalized).lower()


def mailbox_of_aliases(mailbox: str) -> str:
    """Return one form for all aliases of a mailbox: no tag, at Gmail no dots. For rate limits only (SEC-6)."""
    local, _, domain = mailbox.rpartition("@")
    for separator in _TAG_SEPARATORS.get(domain, "+"):
        local = local.partition(separator)[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"
