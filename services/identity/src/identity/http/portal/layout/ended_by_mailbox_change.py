"""The account of a browser's login, so that the login page can say that a new mailbox ended it (PRO-2)."""

from datetime import datetime

from flask import session

from identity.http.web_context import ports
from identity.usecases import verification

_LOGIN = "login"
"""Its key in the form session, which ends at logout and at the next login."""


def remember_login(account_id: str) -> None:
    """Remember the account of this browser's login; changes of its mailbox from now on end the login."""
    session[_LOGIN] = [account_id, ports().clock.now().isoformat()]


def forget_login() -> None:
    """Forget it: the reason was shown."""
    session.pop(_LOGIN, None)


def mailbox_was_changed() -> bool:
    """Return whether the account has got a new mailbox since the login."""
    account_id, since = session.get(_LOGIN) or (None, "")
    return account_id is not None and verification.mailbox_changed_since(
        ports(), account_id, datetime.fromisoformat(since)
    )
