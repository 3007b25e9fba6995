"""The use cases' repositories over one SQLAlchemy session. None of them commits."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, delete, false, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session as Database

from identity.adapters.accounts import ROW_LOCK
from identity.adapters.tables import accounts, bind_codes, bindings, clients, consents, mail_links
from identity.domain import consent
from identity.domain.account import Account
from identity.domain.binding import Binding
from identity.domain.client import ServiceClient
from identity.domain.code import MOST_TRIES, BindCode
from identity.domain.link import Challenge, Purpose
from identity.usecases.repositories import Acceptance, Tie


class SqlClients:
    """Service clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, client: ServiceClient) -> None:
        """Add a new client."""
        self._database.add(client)

    def locked(self, name: str) -> ServiceClient | None:
        """Return a client as it is now, its row held until the transaction ends."""
        return self._database.get(ServiceClient, name, with_for_update=ROW_LOCK, populate_existing=True)

    def every(self) -> Sequence[ServiceClient]:
        """Return all, by name."""
        return self._database.scalars(select(ServiceClient).order_by(clients.c.name)).all()


class SqlBindings:
    """Bindings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, binding: Binding) -> None:
        """Add a new binding; a live one of the same general account is a Conflict."""
        self._database.add(binding)

    def get(self, binding_id: str) -> Binding | None:
        """Return a binding."""
        return self._database.get(Binding, binding_id)

    def locked(self, binding_id: str) -> Binding | None:
        """Return a binding as it is now, its row held until the transaction ends."""
        return self._database.get(Binding, binding_id, with_for_update=ROW_LOCK, populate_existing=True)

    def live_of_general(self, account_id: str) -> Binding | None:
        """Return the one live binding of a general account (BIND-4)."""
        query = select(Binding).where(bindings.c.live_general_id == account_id)
        return self._database.scalars(query.execution_options(populate_existing=True)).one_or_none()

    def live_of_link(self, account_id: str) -> Sequence[Binding]:
        """Return the live bindings of a link account, in the order in which their accounts are locked."""
        query = select(Binding).where(
            bindings.c.link_account_id == account_id, bindings.c.live_general_id.is_not(None)
        )
        return self._database.scalars(query.order_by(bindings.c.general_account_id)).all()

    def shown_to_link(self, account_id: str) -> Sequence[tuple[Binding, Account, BindCode | None]]:
        """Return live bindings and those ended by the other side and not dismissed, oldest first."""
        query = (
            select(Binding, Account, BindCode)
            .join(accounts, accounts.c.id == bindings.c.general_account_id)
            .outerjoin(bind_codes, bind_codes.c.binding_id == bindings.c.id)
            .where(bindings.c.link_account_id == account_id, bindings.c.dismissed == false())
            .order_by(bindings.c.requested_at, bindings.c.id)
        )
        return [(binding, account, code) for binding, account, code in self._database.execute(query)]

    def dismiss_removed(self, link_id: str, general_id: str) -> None:
        """Dismiss ended bindings that a new one of the same accounts takes the place of."""
        self._database.execute(
            update(bindings)
            .where(
                bindings.c.link_account_id == link_id,
                bindings.c.general_account_id == general_id,
                bindings.c.live_general_id.is_(None),
            )
            .values(dismissed=True)
        )

    def of_account(self, account_id: str) -> Sequence[Tie]:
        """Return an account's bindings, whichever side it is on, newest first."""
        newest_first = (
            select(Binding)
            .where(_either_side(account_id))
            .order_by(bindings.c.requested_at.desc(), bindings.c.id)
        )
        found = self._database.scalars(newest_first).all()
        ids = {side for each in found for side in (each.link_account_id, each.general_account_id)}
        sides = self._database.scalars(select(Account).where(accounts.c.id.in_(ids)))
        known = {account.id: account for account in sides}
        return [Tie(each, known[each.link_account_id], known[each.general_account_id]) for each in found]

    def dismiss_of(self, account_id: str) -> None:
        """Dismiss every ended binding of an account: nobody is shown it any more."""
        ended = bindings.c.live_general_id.is_(None)
        self._database.execute(update(bindings).where(_either_side(account_id), ended).values(dismissed=True))

    def lapsed(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of bindings asked for before and never verified."""
        query = select(bindings.c.id).where(
            bindings.c.requested_at <= before, bindings.c.status == "unverified"
        )
        return self._database.scalars(query.order_by(bindings.c.requested_at).limit(limit)).all()


def _either_side(account_id: str) -> ColumnElement[bool]:
    return or_(bindings.c.link_account_id == account_id, bindings.c.general_account_id == account_id)


class SqlCodes:
    """Bind codes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, code: BindCode) -> None:
        """Put a new code in the place of the older one."""
        self._database.flush()
        self._database.merge(code)

    def get(self, binding_id: str) -> BindCode | None:
        """Return a binding's code as it is now."""
        return self._database.get(BindCode, binding_id, populate_existing=True)

    def count_try(self, binding_id: str, challenge: str) -> int | None:
        """Count a try in one atomic statement; None where none was left (SEC-5)."""
        row = bind_codes.c
        statement = (
            update(bind_codes)
            .where(row.binding_id == binding_id, row.challenge == challenge, row.tries < MOST_TRIES)
            .values(tries=row.tries + 1)
            .returning(row.tries)
        )
        return self._database.execute(statement).scalar_one_or_none()

    def drop(self, binding_id: str) -> None:
        """Void a binding's code."""
        self._database.execute(delete(bind_codes).where(bind_codes.c.binding_id == binding_id))


class SqlLinks:
    """Challenges behind mailed links."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._new: list[Challenge] = []

    def put(self, challenge: Challenge) -> None:
        """Keep a challenge for `write`, which puts it in the place of the older one."""
        self._new.append(challenge)

    def write(self) -> None:
        """Put the new challenges in their places; their accounts' rows must be there."""
        new, self._new = self._new, []
        for challenge in new:
            statement = _put_link(self._database.get_bind().dialect.name)
            values = {column.name: getattr(challenge, column.name) for column in mail_links.c}
            self._database.execute(statement, values)

    def get(self, account_id: str, purpose: Purpose) -> Challenge | None:
        """Return the newest challenge as it is now."""
        self.write()
        key = (account_id, purpose.value)
        return self._database.get(Challenge, key, populate_existing=True)

    def use(self, challenge: Challenge, now: datetime) -> None:
        """Note that the link was followed."""
        challenge.used_at = now

    def drop(self, account_id: str, *purposes: Purpose) -> None:
        """Void the links of these purposes."""
        self.write()
        row = mail_links.c
        self._database.execute(
            delete(mail_links).where(row.account_id == account_id, row.purpose.in_(purposes))
        )

    def pending_changes(self, before: datetime, limit: int) -> Sequence[str]:
        """Return ids of accounts with a pending mailbox whose link was mailed before, found by the links' index."""
        row = mail_links.c
        query = (
            select(row.account_id)
            .join(accounts, accounts.c.id == row.account_id)
            .where(
                row.issued_at <= before,
                row.purpose == Purpose.EMAIL_CHANGE.value,
                accounts.c.pending_email.is_not(None),
            )
        )
        return self._database.scalars(query.order_by(row.issued_at).limit(limit)).all()


@cache
def _put_link(dialect: str) -> Any:
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(mail_links)
    replaced = {
        column.name: insert.excluded[column.name] for column in mail_links.c if not column.primary_key
    }
    return insert.on_conflict_do_update(index_elements=list(mail_links.primary_key), set_=replaced)


class SqlConsents:
    """What was accepted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_account(self, account_id: str) -> Sequence[Acceptance]:
        """Return what an account accepted, oldest first."""
        row = consents.c
        query = select(row.document, row.version, row.accepted_at, row.address).where(
            row.account_id == account_id
        )
        return [Acceptance(*each) for each in self._database.execute(query.order_by(row.accepted_at))]

    def forget_addresses(self, account_id: str) -> None:
        """Keep that and when the texts were accepted, not from where (OPS-6)."""
        self._database.execute(update(consents).where(consents.c.account_id == account_id).values(address=""))

    def accept(self, account_id: str, texts: Iterable[consent.Text], *, now: datetime, address: str) -> None:
        """Keep each text's version, with when and from where; what was accepted before stays as it is."""
        rows = [
            {
                "account_id": account_id,
                "document": text.document,
                "version": text.version,
                "accepted_at": now,
                "address": address,
            }
            for text in texts
        ]
        insert = (
            postgresql.insert if self._database.get_bind().dialect.name == "postgresql" else sqlite.insert
        )
        self._database.execute(insert(consents).on_conflict_do_nothing(), rows)
