"""The catalogue of all events with their data and versions (EVT-1, EVT-3).

Every consumer can read an event's data, which therefore contains no personal data but usernames (EVT-4). Mail
addresses, names, links, codes and free text are only in the sealed part.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    TypeAlias,
    TypeVar,
    dataclass_transform,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from port_events.envelope import JSON, Event

PREFIX: Final = "tw.port.identity."
URN: Final = "urn:tw:port:identity:"


@dataclass(frozen=True, slots=True)
class Meta:
    """The documentation of a field, in its annotation. `pattern` is a regular expression of its values."""

    description: str
    example: Any
    pattern: str | None = None


Family: TypeAlias = Literal["fact", "mail_request"]
FACT: Final = "fact"
MAIL_REQUEST: Final = "mail_request"

Kind = Annotated[Literal["general", "link"], Meta("the account's kind", example="general")]
Username = Annotated[str, Meta("the account's login name", example="wang2026")]
TaxId = Annotated[
    str,
    Meta(
        "the company's tax id (unified business number)",
        example="04595257",
        pattern="^([0-9]{8}|[0-9A-Z]{9,10})$",
    ),
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


class UnknownEvent(LookupError):  # noqa: N818 - named after its cause
    """The catalogue has no event of this type and version; a consumer should skip the event."""


class EventData:
    __slots__ = ()

    type: ClassVar[str]
    version: ClassVar[int] = 1
    family: ClassVar[Family] = FACT
    _names: ClassVar[tuple[str, ...]] = ()

    def as_json(self) -> dict[str, JSON]:
        """Return the envelope's `data`."""
        return {name: _plain(getattr(self, name)) for name in self._names}


def _plain(value: Any) -> JSON:
    plain: JSON = list(value) if isinstance(value, tuple) else value
    return plain


DataClass: TypeAlias = type[EventData]
_D = TypeVar("_D", bound=EventData)


@dataclass(frozen=True, slots=True)
class EventType:
    type: str
    version: int
    family: Family
    summary: str
    data_class: DataClass
    dataschema: str

    @property
    def short(self) -> str:
        """The type without its prefix, for example `account.registered`."""
        return self.type.removeprefix(PREFIX)

    @property
    def document_name(self) -> str:
        """The file name, without extensions, of its schema and its example."""
        return f"{self.type}.v{self.version}"


_types: Final[dict[str, EventType]] = {}
CATALOGUE: Final[Mapping[str, EventType]] = _types


@dataclass_transform(kw_only_default=True, frozen_default=True)
def _event(short: str, family: Family = FACT) -> Callable[[type[_D]], type[_D]]:
    """Return a decorator that makes a class a dataclass and adds its event to the catalogue."""

    def add(undecorated: type[_D]) -> type[_D]:
        data_class = dataclass(frozen=True, slots=True, kw_only=True)(undecorated)
        data_class.type, data_class.family = PREFIX + short, family
        data_class._names = tuple(each.name for each in fields(data_class))  # type: ignore[arg-type]  # noqa: SLF001 - the same module; data_class is a dataclass
        _types[data_class.type] = EventType(
            type=data_class.type,
            version=data_class.version,
            family=family,
            summary=(data_class.__doc__ or "").strip(),
            data_class=data_class,
            dataschema=f"{URN}{short}:v{data_class.version}",
        )
        return data_class

    return add


@_event("account.registered")
class AccountRegistered(EventData):
    """An account was registered; its mailbox is not verified yet."""

    kind: Kind
    username: Username
    tax_id: TaxId


@_event("account.email_verified")
class AccountEmailVerified(EventData):
    """A new account's mailbox was verified."""

    kind: Kind
    username: Username


@_event("account.approved")
class AccountApproved(EventData):
    """A reviewer approved the account."""

    kind: Kind


@_event("account.rejected")
class AccountRejected(EventData):
    """A reviewer rejected the account; the reason is only in the mail to the applicant."""

    kind: Kind


@_event("account.profile_changed")
class AccountProfileChanged(EventData):
    """Fields of the profile were changed; read their values from the API."""

    fields: FieldNames


@_event("account.email_changed")
class AccountEmailChanged(EventData):
    """The account's mailbox changed: to the verified new mailbox, or back to the old mailbox after a cancellation."""


@_event("account.password_changed")
class AccountPasswordChanged(EventData):
    """The password was changed by its owner or reset by mail."""

    reason: Annotated[PasswordReason, Meta("how the password was changed", example="changed")]


@_event("account.suspended")
class AccountSuspended(EventData):
    """The account was suspended, by an operator or because it was not used, and its sessions were ended."""


@_event("account.reinstated")
class AccountReinstated(EventData):
    """An operator lifted the suspension."""


@_event("account.closed")
class AccountClosed(EventData):
    """The account was closed permanently."""

    reason: Annotated[ClosingReason, Meta("why the account was closed", example="lapsed")]


@_event("binding.requested")
class BindingRequested(EventData):
    """A link account requested a binding with the password of the general account."""

    binding_id: BindingId
    link_account_id: LinkAccountId


@_event("binding.verified")
class BindingVerified(EventData):
    """The mailed code was confirmed; the link account may act as the general account."""

    binding_id: BindingId
    link_account_id: LinkAccountId


@_event("binding.removed")
class BindingRemoved(EventData):
    """The binding ended; the link account may no longer act as the general account."""

    binding_id: BindingId
    link_account_id: LinkAccountId
    reason: Annotated[
        RemovalReason, Meta("the account or the cause that ended the binding", example="general")
    ]


@_event("verification.requested", MAIL_REQUEST)
class VerificationRequested(EventData):
    """A mail is due, with the link that verifies a new account's mailbox."""

    kind: Kind


@_event("bind_code.issued", MAIL_REQUEST)
class BindCodeIssued(EventData):
    """A mail to the general account is due, with the code that verifies a binding."""

    binding_id: BindingId
    link_account_id: LinkAccountId


@_event("email_change.requested", MAIL_REQUEST)
class EmailChangeRequested(EventData):
    """A mail to the new mailbox is due, with the link that verifies it."""


@_event("email_change.announced", MAIL_REQUEST)
class EmailChangeAnnounced(EventData):
    """A mail to the old mailbox is due, with the link that cancels the change of mailbox."""


@_event("email_change.cancelled", MAIL_REQUEST)
class EmailChangeCancelled(EventData):
    """A mail to the kept or restored mailbox is due, which confirms that the change was cancelled."""


@_event("password_reset.requested", MAIL_REQUEST)
class PasswordResetRequested(EventData):
    """A mail is due, with the link that sets a new password."""


@_event("usernames.requested", MAIL_REQUEST)
class UsernamesRequested(EventData):
    """A mail with the usernames of a mailbox's accounts is due; the subject is one of the accounts."""


@_event("registration.conflicted", MAIL_REQUEST)
class RegistrationConflicted(EventData):
    """A registration or a change of mailbox named another account's mailbox; a mail to its owner is due."""


def event_type_of(data: EventData | type[EventData]) -> EventType:
    """Return the type of this data. Raises UnknownEvent."""
    return _lookup(data.type)


def parse_data(event: Event) -> EventData:
    """Convert an event's data to its class; unknown fields are ignored, and values are not validated.

    Raises UnknownEvent for an unknown type or version, and ValueError if a field is missing.
    """
    event_type = _lookup(event.type)
    if event.dataschema != event_type.dataschema:
        raise UnknownEvent(event.dataschema)
    names = event_type.data_class._names  # noqa: SLF001 - the same module
    if missing := [name for name in names if name not in event.data]:
        raise ValueError(f"data: {', '.join(missing)} missing")
    return event_type.data_class(**{name: _frozen(event.data[name]) for name in names})


def _frozen(value: JSON) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _lookup(type_name: str) -> EventType:
    try:
        return CATALOGUE[type_name]
    except KeyError:
        raise UnknownEvent(type_name) from None
