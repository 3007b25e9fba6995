"""The registration form 申請帳號: field names, labels and valid values."""

from typing import Any

import httpx

from tests.support.actors.people import Visitor, registration
from tests.support.browser.plain_browser import Page, PlainBrowser

LABELS = {
    "username": "帳號",
    "name": "姓名",
    "mobile": "手機電話",
    "email": "Email",
    "password": "密碼",
    "password_again": "確認密碼",
    "tax_id": "公司統編",
    "company_phone": "公司電話",
    "company_name": "公司名稱",
    "company_address": "公司地址",
}
"""The label of each field, in the manual's order."""


def valid_fields(**changes: str) -> dict[str, str]:
    """Return valid values by field name; `changes` replace values."""
    sent: dict[str, Any] = registration()
    company = sent.pop("company")
    sent.pop("kind")
    fields: dict[str, str] = {
        **sent,
        "tax_id": company["tax_id"],
        **{f"company_{name}": company[name] for name in ("phone", "name", "address")},
        **changes,
    }
    return {"password_again": fields["password"], **fields}


def by_label(fields: dict[str, str]) -> dict[str, str]:
    """Return the values by label, in the order of the page."""
    return {label: fields[name] for name, label in LABELS.items() if name in fields}


def open_form(visitor: Visitor, kind: str = "link") -> Page:
    """Open the form like a browser without scripts."""
    return PlainBrowser(visitor).open(f"/apply/{kind}")


def check_fields(page: Page, visitor: Visitor, **fields: str) -> httpx.Response:
    """Request the field check, like the form's script."""
    sent = {"csrf_token": page.fields["csrf_token"], **fields}
    return visitor.http.post(f"{page.answer.url.path}/check", data=sent)
