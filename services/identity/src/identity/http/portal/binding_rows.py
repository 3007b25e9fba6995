"""The data of a binding for the link account's list and for the panel of the selected row (BIND-1, BIND-5)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from port_runtime.mailbox_mask import masked_mailbox

from identity.domain.bind_code import MAX_TRIES
from identity.domain.errors import CodeExhausted, CodeExpired
from identity.http import problems
from identity.http.portal.company_list import CompanyRow
from identity.http.portal.layout.times import taipei
from identity.http.text_types import StateTexts
from identity.http.zh_tw import portal as texts
from identity.usecases.bindings import BindingEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRow(CompanyRow):
    """A binding at the time `now`."""

    entry: BindingEntry
    now: datetime

    @classmethod
    def of(cls, entry: BindingEntry, now: datetime) -> Self:
        binding, account = entry.binding, entry.account
        return cls(
            id=binding.id,
            account=account,
            status=binding.status,
            used_at=binding.used_at,
            entry=entry,
            now=now,
        )

    @property
    def state(self) -> StateTexts:
        return texts.BINDING_STATES[self.status]

    @property
    def masked_mailbox(self) -> str:
        return masked_mailbox(self.entry.account.email)

    @property
    def removal_text(self) -> str:
        """A sentence with the reason and time of the binding's end, or an empty string."""
        binding = self.entry.binding
        if binding.removed_at is None or binding.removed_reason is None:
            return ""
        return texts.REMOVED_AT.format(
            reason=texts.REMOVED[binding.removed_reason], at=taipei(binding.removed_at)
        )

    @property
    def code_error(self) -> str:
        """The reason why the code can no longer be entered, or an empty string."""
        code = self.entry.code
        if code is None:  # invalidated by a change of the mailbox
            return problems.sentence(CodeExpired())
        try:
            code.check_open(self.now)
        except (CodeExpired, CodeExhausted) as refusal:
            return problems.sentence(refusal)
        return ""

    @property
    def tries_left(self) -> int | None:
        """The number of remaining attempts. None before the first attempt and without a code."""
        code = self.entry.code
        return MAX_TRIES - code.tries if code and code.tries else None


def selected(views: list[BindingRow], binding_id: str | None) -> BindingRow | None:
    """Return the view of the selected binding; a single binding is selected unless the id is empty."""
    if len(views) == 1 and binding_id != "":
        return views[0]
    return next((view for view in views if view.id == binding_id), None)
