"""The account of a browser's login, for the login page's notice that a new mailbox ended the login (PRO-2)."""

from datetime import datetime

from flask import session

from identity.http.web_context import ports
from identity.usecases import verification

_LOGIN = "login"
"""The key in the form session, which is cleared at logout and at the next login."""


def remember_login(account_id: str) -> None:
    session[_LOGIN] = [account_id, ports().clock.now().isoformat()]


def forget_login() -> None:
    session.pop(_LOGIN, None)


def mailbox_was_changed() -> bool:
    """Return whether the stored account's mailbox has changed since its login."""
    account_id, since = session.get(_LOGIN) or (None, "")
    return account_id is not None and verification.mailbox_changed_since(
        ports(), account_id, datetime.fromisoformat(since)
    )
