"""The data of a binding for the link account's list and for the panel of the selected row (BIND-1, BIND-5)."""

from dataclasses import dataclass
from datetime import datetime

from port_runtime.mailbox_mask import masked_mailbox

from identity.domain.bind_code import MAX_TRIES
from identity.domain.binding import Status
from identity.domain.errors import CodeExhausted, CodeExpired
from identity.http import problems
from identity.http.portal.layout.times import taipei
from identity.http.text_types import StateTexts
from identity.http.zh_tw import portal as texts
from identity.usecases.bindings import BindingEntry


@dataclass(frozen=True, slots=True)
class BindingView:
    """A binding at the time `now`."""

    entry: BindingEntry
    now: datetime

    @property
    def id(self) -> str:
        return self.entry.binding.id

    @property
    def username(self) -> str:
        return self.entry.account.username

    @property
    def company(self) -> str:
        return self.entry.account.company_name

    @property
    def tax_id(self) -> str:
        return self.entry.account.tax_id

    @property
    def used_at(self) -> datetime | None:
        """When the link account last switched to this account or chose it at a service (BIND-10)."""
        return self.entry.binding.used_at

    @property
    def status(self) -> Status:
        return self.entry.binding.status

    @property
    def state(self) -> StateTexts:
        return texts.BINDING_STATES[self.status]

    @property
    def details(self) -> list[tuple[str, str]]:
        """Labels and values of the panel, in the manual's order. An ended binding omits name, mailbox and phone."""
        account = self.entry.account
        labels = {
            texts.BINDING_USERNAME: account.username,
            texts.BINDING_TAX_ID: account.tax_id,
            texts.BINDING_NAME: account.name,
            texts.BINDING_COMPANY: account.company_name,
            texts.BINDING_EMAIL: self.masked_mailbox,
            texts.BINDING_PHONE: account.company_phone,
        }
        hidden = {texts.BINDING_NAME, texts.BINDING_EMAIL, texts.BINDING_PHONE}
        removed = self.status == "removed"
        return [(label, value) for label, value in labels.items() if not removed or label not in hidden]

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
    def code_issued_at(self) -> str:
        """When the newest code was issued, in Taiwan's time; empty without a code."""
        return taipei(self.entry.code.issued_at) if self.entry.code else ""

    @property
    def code_expires_at(self) -> str:
        """When the newest code expires, in Taiwan's time; empty without a code."""
        return taipei(self.entry.code.expires_at) if self.entry.code else ""

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


def selected(views: list[BindingView], binding_id: str | None) -> BindingView | None:
    """Return the view of the selected binding; a single binding is selected unless the id is empty."""
    if len(views) == 1 and binding_id != "":
        return views[0]
    return next((view for view in views if view.id == binding_id), None)
