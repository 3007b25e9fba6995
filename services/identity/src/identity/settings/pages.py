"""The settings of the portal's links to external pages, and of the agency's contact details (OPS-8)."""

from dataclasses import dataclass

from port_runtime.setting_parsers import text, url_of
from port_runtime.settings import setting

from identity.domain.errors import InvalidValue
from identity.domain.mailbox import parse_mailbox
from identity.settings.http import HttpSettings

_page = url_of("http", "https")


def _mailbox(raw: str) -> str:
    try:
        return parse_mailbox(raw)
    except InvalidValue:
        raise ValueError("must be a mailbox") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings(HttpSettings):
    """External pages and the agency's contact details. The portal omits those that are not set."""

    information_url: str | None = setting(
        "IDENTITY_INFORMATION_URL",
        parse=_page,
        default=None,
        doc="the information site, linked from every page",
    )
    manual_url: str | None = setting(
        "IDENTITY_MANUAL_URL", parse=_page, default=None, doc="the user manual, linked from every page"
    )
    questions_url: str | None = setting(
        "IDENTITY_QUESTIONS_URL",
        parse=_page,
        default=None,
        doc="the questions and answers, linked from every page",
    )
    apply_url: str | None = setting(
        "IDENTITY_PASS_APPLY_URL",
        parse=_page,
        default=None,
        doc="page to apply for passes, linked from the home page of a general account",
    )
    query_url: str | None = setting(
        "IDENTITY_PASS_QUERY_URL",
        parse=_page,
        default=None,
        doc="page to look up applications, linked from the home page of a general account",
    )
    print_url: str | None = setting(
        "IDENTITY_PASS_PRINT_URL",
        parse=_page,
        default=None,
        doc="page to print passes, linked from the home page of a general account",
    )
    contact_name: str | None = setting(
        "IDENTITY_CONTACT_NAME",
        parse=text,
        default=None,
        doc="the agency that people can contact, named in the footer of every page and on error pages",
    )
    contact_phone: str | None = setting(
        "IDENTITY_CONTACT_PHONE", parse=text, default=None, doc="the agency's phone number"
    )
    contact_mailbox: str | None = setting(
        "IDENTITY_CONTACT_MAILBOX", parse=_mailbox, default=None, doc="the agency's mailbox"
    )
    contact_hours: str | None = setting(
        "IDENTITY_CONTACT_HOURS", parse=text, default=None, doc="the agency's office hours"
    )
    privacy_url: str | None = setting(
        "IDENTITY_PRIVACY_URL", parse=_page, default=None, doc="the agency's privacy statement"
    )
    accessibility_url: str | None = setting(
        "IDENTITY_ACCESSIBILITY_URL", parse=_page, default=None, doc="the agency's accessibility statement"
    )
