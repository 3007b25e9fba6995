"""A binding as its link account sees it: a line of the list and, once chosen, the panel (BIND-1, BIND-5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from identity.domain.binding import RemovedReason, Status
from identity.domain.code import MAX_TRIES
from identity.domain.errors import CodeExhausted, CodeExpired
from identity.domain.person import masked_email
from identity.http import problems
from identity.http.portal.times import taipei
from identity.usecases.bindings import BindingEntry

STATES: Final[Mapping[Status, tuple[str, str]]] = {
    "unverified": ("尚未驗證", "wait"),
    "verified": ("已驗證", "good"),
    "removed": ("已被解除", "bad"),
}
"""What the list says of a binding, and the colour that goes with it."""

REMOVED: Final[Mapping[RemovedReason, str]] = {
    "link": "您已解除此綁定",
    "general": "該帳號的使用者已自行解除綁定",
    "lapsed": "綁定後逾 7 日未完成驗證，綁定已自動失效",
    "operator": "系統管理單位已解除此綁定",
    "password_reset": "該帳號已重設密碼，為保護帳號安全，綁定已自動解除",
    "password_changed": "該帳號的使用者變更密碼時，一併解除了綁定",
    "account_closed": "該帳號已停止使用",
}
"""Why a binding ended, in plain words (UNB-4)."""


@dataclass(frozen=True, slots=True)
class BindingView:
    """One binding at one moment. Of one that ended only the names are left to see."""

    row: BindingEntry
    now: datetime

    @property
    def id(self) -> str:
        """The binding's id."""
        return self.row.binding.id

    @property
    def username(self) -> str:
        """The general account's name."""
        return self.row.account.username

    @property
    def status(self) -> Status:
        """Unverified, verified or removed."""
        return self.row.binding.status

    @property
    def state(self) -> tuple[str, str]:
        """The state in words, and its colour."""
        return STATES[self.status]

    @property
    def details(self) -> list[tuple[str, str]]:
        """What the panel tells of the account, in the manual's order."""
        account = self.row.account
        if self.status == "removed":
            return [
                ("帳號", account.username),
                ("公司統編", account.tax_id),
                ("公司名稱", account.company_name),
            ]
        return [
            ("帳號", account.username),
            ("公司統編", account.tax_id),
            ("使用者名稱", account.name),
            ("公司名稱", account.company_name),
            ("信箱", masked_email(account.email)),
            ("公司電話", account.company_phone),
        ]

    @property
    def masked_email(self) -> str:
        """Where the code went, as much of it as the link account may see."""
        return masked_email(self.row.account.email)

    @property
    def removal_text(self) -> str:
        """Why it ended, and when."""
        binding = self.row.binding
        if binding.removed_at is None or binding.removed_reason is None:
            return ""
        return f"{REMOVED[binding.removed_reason]}（{taipei(binding.removed_at)}）。"

    @property
    def code_expires_at(self) -> str:
        """Until when the code holds."""
        return taipei(self.row.code.expires_at) if self.row.code else ""

    @property
    def code_error(self) -> str:
        """Why no code can be given any more, else nothing."""
        code = self.row.code
        if code is None:  # voided by a change of the mailbox
            return problems.sentence(CodeExpired())
        try:
            code.check_open(self.now)
        except (CodeExpired, CodeExhausted) as refusal:
            return problems.sentence(refusal)
        return ""

    @property
    def tries_left(self) -> int | None:
        """How often the code may still be tried, once it was tried at all."""
        code = self.row.code
        return MAX_TRIES - code.tries if code and code.tries else None


def selected(lines: list[BindingView], binding_id: str) -> BindingView | None:
    """Return the line asked for; the only one needs no choice."""
    if len(lines) == 1:
        return lines[0]
    return next((line for line in lines if line.id == binding_id), None)
