"""What an applicant fills in on the pages of 申請帳號: each field's name, and the label a person finds it by."""

from typing import Any

import httpx

from tests.support.actors.people import Visitor, application
from tests.support.browser.pages import Browser, Page

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
"""Every field of the form, in the manual's order."""


def filled_in(**changes: str) -> dict[str, str]:
    """Return a right application by the fields' names; `changes` replace some."""
    sent: dict[str, Any] = application()
    company = sent.pop("company")
    sent.pop("kind")
    fields: dict[str, str] = {
        **sent,
        "tax_id": company["tax_id"],
        **{f"company_{name}": company[name] for name in ("phone", "name", "address")},
        **changes,
    }
    return {"password_again": fields["password"], **fields}


def labelled(fields: dict[str, str]) -> dict[str, str]:
    """Return the fields by their labels, in the order of the page."""
    return {label: fields[name] for name, label in LABELS.items() if name in fields}


def form_of(visitor: Visitor, kind: str = "link") -> Page:
    """Open the form as a browser without scripts does."""
    return Browser(visitor).open(f"/apply/{kind}")


def checked(page: Page, visitor: Visitor, **fields: str) -> httpx.Response:
    """Ask for what is wrong so far, as the form's script does."""
    sent = {"csrf_token": page.fields["csrf_token"], **fields}
    return visitor.http.post(f"{page.answer.url.path}/check", data=sent)
