"""The catalogue of all events, with the data, version and schema of each (EVT-1, EVT-3).

The data of an event is read by every consumer, so it holds nothing personal beyond names of accounts (EVT-4):
addresses, names, links, codes and reasons written by people travel in the sealed part only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, TypeAlias

from port_events.schema import Meta, data_schema, event_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from port_events.envelope import JSON, Event

PREFIX: Final = "tw.port.identity."
URN: Final = "urn:tw:port:identity:"

Family: TypeAlias = Literal["fact", "mail_request"]
FACT: Final = "fact"
MAIL_REQUEST: Final = "mail_request"

Kind = Annotated[Literal["general", "link"], Meta("the account's kind", example="general")]
Username = Annotated[str, Meta("the account's login name", example="wang2026")]
TaxId = Annotated[
    str, Meta("the company's tax id (統一編號)", example="04595257", pattern="^([0-9]{8}|[0-9A-Z]{9,10})$")
]
BindingId = Annotated[str, Meta("the binding's id", example="0199a3f0-6f4e-7c41-9d5c-2f6f4f0a7b11")]
LinkAccountId = Annotated[str, Meta("the link account's id", example="0199a3ef-1c52-7d0e-8a52-9e1f6a3b5c22")]
FieldNames = Annotated[tuple[str, ...], Meta("names of the fields that changed", example=["mobile"])]
PasswordReason = Literal["changed", "reset"]
ClosingReason = Literal["lapsed", "rejected", "operator", "erased"]
RemovalReason = Literal[
    "link",
    "general",
    "lapsed",
    "operator",
    "password_reset",
    "password_changed",
    "account_closed",
]


class UnknownEvent(LookupError):  # noqa: N818 - the name says it
    """No event of this type and version is in the catalogue; a consumer skips it."""


class EventData:
    """What every event's data has: its type, its version, its family, and a JSON form."""

    __slots__ = ()

    type: ClassVar[str]
    version: ClassVar[int] = 1
    family: ClassVar[Family] = FACT
    _names: ClassVar[tuple[str, ...]] = ()

    def as_json(self) -> dict[str, JSON]:
        """Return the value of the envelope's `data`."""
        return {name: _plain(getattr(self, name)) for name in self._names}


def _plain(value: Any) -> JSON:
    plain: JSON = list(value) if isinstance(value, tuple) else value
    return plain


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRegistered(EventData):
    """An account was registered; its mailbox is not yet proven."""

    type: ClassVar[str] = PREFIX + "account.registered"
    kind: Kind
    username: Username
    tax_id: TaxId


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEmailVerified(EventData):
    """A new account's mailbox was proven."""

    type: ClassVar[str] = PREFIX + "account.email_verified"
    kind: Kind
    username: Username


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountApproved(EventData):
    """A reviewer approved the account."""

    type: ClassVar[str] = PREFIX + "account.approved"
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRejected(EventData):
    """A reviewer rejected the account; the reason is told to the applicant alone."""

    type: ClassVar[str] = PREFIX + "account.rejected"
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProfileChanged(EventData):
    """Fields of the profile were changed; their values are asked for, not told."""

    type: ClassVar[str] = PREFIX + "account.profile_changed"
    fields: FieldNames


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountEmailChanged(EventData):
    """The new mailbox was proven and took the old one's place."""

    type: ClassVar[str] = PREFIX + "account.email_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPasswordChanged(EventData):
    """The password was changed by its owner, or reset through the mailbox."""

    type: ClassVar[str] = PREFIX + "account.password_changed"
    reason: Annotated[PasswordReason, Meta("how it came to be", example="changed")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSuspended(EventData):
    """An operator suspended the account; its sessions have ended."""

    type: ClassVar[str] = PREFIX + "account.suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReinstated(EventData):
    """An operator lifted the suspension."""

    type: ClassVar[str] = PREFIX + "account.reinstated"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountClosed(EventData):
    """The account was closed for good."""

    type: ClassVar[str] = PREFIX + "account.closed"
    reason: Annotated[ClosingReason, Meta("why it was closed", example="lapsed")]


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRequested(EventData):
    """A link account asked to be bound to the general account, whose password it knew."""

    type: ClassVar[str] = PREFIX + "binding.requested"
    binding_id: BindingId
    link_account_id: LinkAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingVerified(EventData):
    """The mailed code was entered: the link account may act as the general account."""

    type: ClassVar[str] = PREFIX + "binding.verified"
    binding_id: BindingId
    link_account_id: LinkAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRemoved(EventData):
    """The binding ended: the link account may no longer act as the general account."""

    type: ClassVar[str] = PREFIX + "binding.removed"
    binding_id: BindingId
    link_account_id: LinkAccountId
    reason: Annotated[RemovalReason, Meta("which side or what ended it", example="general")]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationRequested(EventData):
    """A link that proves a new account's mailbox is to be mailed."""

    type: ClassVar[str] = PREFIX + "verification.requested"
    family: ClassVar[Family] = MAIL_REQUEST
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class BindCodeIssued(EventData):
    """A code that verifies a binding is to be mailed to the general account's mailbox."""

    type: ClassVar[str] = PREFIX + "bind_code.issued"
    family: ClassVar[Family] = MAIL_REQUEST
    binding_id: BindingId
    link_account_id: LinkAccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChangeRequested(EventData):
    """A link that proves the new mailbox is to be mailed to it."""

    type: ClassVar[str] = PREFIX + "email_change.requested"
    family: ClassVar[Family] = MAIL_REQUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordResetRequested(EventData):
    """A link that sets a new password is to be mailed."""

    type: ClassVar[str] = PREFIX + "password_reset.requested"
    family: ClassVar[Family] = MAIL_REQUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationConflicted(EventData):
    """Somebody gave the subject a mailbox that another account holds; that mailbox's owner is to be told."""

    type: ClassVar[str] = PREFIX + "registration.conflicted"
    family: ClassVar[Family] = MAIL_REQUEST


DataClass: TypeAlias = type[EventData]


@dataclass(frozen=True, slots=True)
class EventType:
    """One line of the catalogue."""

    type: str
    version: int
    family: Family
    summary: str
    data_class: DataClass
    dataschema: str

    @property
    def short(self) -> str:
        """The type without the prefix, as in `account.registered`."""
        return self.type.removeprefix(PREFIX)

    @property
    def document_name(self) -> str:
        """The stem of its schema and example among the documents."""
        return f"{self.type}.v{self.version}"

    @property
    def data_schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the envelope's `data`."""
        return data_schema(self.data_class)

    @property
    def schema(self) -> dict[str, Any]:
        """JSON Schema (2020-12) of the whole CloudEvent."""
        return event_schema(self.data_class, type=self.type, dataschema=self.dataschema, summary=self.summary)


def _event_type(data_class: type[EventData]) -> EventType:
    data_class._names = tuple(each.name for each in fields(data_class))  # type: ignore[arg-type]  # noqa: SLF001 - the same module; each is a dataclass
    short = data_class.type.removeprefix(PREFIX)
    return EventType(
        type=data_class.type,
        version=data_class.version,
        family=data_class.family,
        summary=(data_class.__doc__ or "").strip(),
        data_class=data_class,
        dataschema=f"{URN}{short}:v{data_class.version}",
    )


CATALOGUE: Final[Mapping[str, EventType]] = {
    data_class.type: _event_type(data_class)
    for data_class in (
        AccountRegistered,
        AccountEmailVerified,
        AccountApproved,
        AccountRejected,
        AccountProfileChanged,
        AccountEmailChanged,
        AccountPasswordChanged,
        AccountSuspended,
        AccountReinstated,
        AccountClosed,
        BindingRequested,
        BindingVerified,
        BindingRemoved,
        VerificationRequested,
        BindCodeIssued,
        EmailChangeRequested,
        PasswordResetRequested,
        RegistrationConflicted,
    )
}


def event_type_of(data: EventData | type[EventData]) -> EventType:
    """Return the line of the catalogue that describes this data. UnknownEvent when it is not listed."""
    return _line(data.type)


def parse_data(event: Event) -> EventData:
    """Return an event's data as its class; fields added later are let be.

    UnknownEvent for another type or version, ValueError when a field is missing.
    """
    line = _line(event.type)
    if event.dataschema != line.dataschema:
        raise UnknownEvent(event.dataschema)
    names = line.data_class._names  # noqa: SLF001 - the same module
    if missing := [name for name in names if name not in event.data]:
        raise ValueError(f"data: {', '.join(missing)} missing")
    return line.data_class(**{name: _frozen(event.data[name]) for name in names})


def _frozen(value: JSON) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _line(type_name: str) -> EventType:
    try:
        return CATALOGUE[type_name]
    except KeyError:
        raise UnknownEvent(type_name) from None
