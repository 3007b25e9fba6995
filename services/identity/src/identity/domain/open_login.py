"""A person's logins that have not ended: portal sessions with their logins at services (LOGIN-7, OIDC-24)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from identity.domain.account import Kind
from identity.domain.grant import EndReason
from identity.domain.session import Lifetimes, Session


@dataclass(frozen=True, slots=True)
class Company:
    tax_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLogin:
    """A grant with the name of its service. `kind` to `tax_id` are data of the account that the grant acts as."""

    id: str
    client: str
    service: str
    session_id: str
    holder_id: str
    account_id: str
    kind: Kind
    username: str
    company_name: str
    tax_id: str
    scopes: Sequence[str]
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    ended_reason: EndReason | None

    @property
    def company(self) -> Company | None:
        """The company that the grant acts for, or None if a link account acts for no company (OIDC-7)."""
        return Company(self.tax_id, self.company_name) if self.kind == "general" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLogin:
    """A portal session that has not timed out (`is_portal_open`), or has grants that have not ended, or both.

    Grants may outlast the session. `session` is None once its row has been deleted. `portal_ends_at` is when the
    session ends if it is not used, None if it has timed out.
    """

    id: str
    session: Session | None
    portal_ends_at: datetime | None
    services: Sequence[ServiceLogin]

    @property
    def is_portal_open(self) -> bool:
        return self.portal_ends_at is not None

    @property
    def holder_id(self) -> str:
        return self.session.holder_id if self.session is not None else self.services[0].holder_id

    @property
    def is_switched(self) -> bool:
        """Whether the portal session is switched to a general account."""
        return self.session is not None and self.is_portal_open and self.session.binding_id is not None

    @property
    def expires_at(self) -> datetime:
        """When the portal session ends if it is not used; if it has timed out, when the last grant expires."""
        return self.portal_ends_at or max(service.expires_at for service in self.services)


def open_logins(
    sessions: Sequence[Session], services: Sequence[ServiceLogin], *, lifetimes: Lifetimes, now: datetime
) -> list[OpenLogin]:
    """Return the logins that have not ended. Those whose session row was deleted follow the others."""
    by_session: dict[str, list[ServiceLogin]] = defaultdict(list)
    for service in services:
        by_session[service.session_id].append(service)
    found = [
        OpenLogin(
            id=session.id,
            session=session,
            portal_ends_at=_open_until(session, lifetimes, now),
            services=by_session.pop(session.id, []),
        )
        for session in sessions
    ]
    found += [
        OpenLogin(id=session_id, session=None, portal_ends_at=None, services=left)
        for session_id, left in by_session.items()
    ]
    return [login for login in found if login.is_portal_open or login.services]


def _open_until(session: Session, lifetimes: Lifetimes, now: datetime) -> datetime | None:
    ends_at = session.ends_at(lifetimes)
    return ends_at if ends_at > now else None
