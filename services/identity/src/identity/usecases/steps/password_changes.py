"""Password changes (PRO-4, SEC-2)."""

from port_events.catalogue import AccountPasswordChanged, PasswordReason

from identity.domain.account import Account
from identity.domain.errors import PasswordReused
from identity.domain.mail import MailRequest
from identity.domain.password_policy import normalized
from identity.usecases.ports import Ports, UnitOfWork


def hash_new_password(ports: Ports, account: Account, password: str) -> str:
    """Check a new password against the policy and earlier passwords, and return its hash (SEC-2).

    Raises InvalidValue, PasswordReused, Busy.
    """
    ports.rules.passwords.check(password, account.personal_terms)
    secret = normalized(password)
    if any(ports.passwords.verify(former, secret) for former in account.remembered_hashes):
        raise PasswordReused
    return ports.passwords.hash(secret)


def record_password_change(uow: UnitOfWork, account: Account, reason: PasswordReason) -> None:
    """Publish the change, and mail a notice to the account's mailbox (PRO-4)."""
    mail = MailRequest.notice(account, uow.clock.now(), reason=reason)
    uow.record_event(account, AccountPasswordChanged(reason=reason), mail=mail)
