"""The browser's last login, for the login page's notice that a new mailbox or an unbinding ended it (PRO-2, SW-5)."""

from datetime import datetime

from flask import session

from identity.http.web_context import ports
from identity.http.zh_tw import portal as texts
from identity.usecases import bindings, verification

_LOGIN = "login"
"""The key, in the form session, of the account and the time of its login. Logout and the next login clear it."""
_BINDING = "switched"
"""The key of a switched login's binding."""
_NOTICES = {
    "password": texts.SESSION_ENDED_BY_PASSWORD,
    "session": texts.SESSION_ENDED,
    "unsaved": texts.SESSION_ENDED_UNSAVED,
}
"""The notices that need nothing from the form session, by the `ended` argument of the redirect to the login page."""


def remember_login(account_id: str) -> None:
    session[_LOGIN] = [account_id, ports().clock.now().isoformat()]


def remember_binding(binding_id: str) -> None:
    session[_BINDING] = binding_id


def forget_binding() -> None:
    session.pop(_BINDING, None)


def ended_notice(ended: str) -> str:
    """Return why the person must log in again, or an empty string.

    A notice about an unbinding or a new mailbox is returned once.
    """
    if ended == "password":
        return _NOTICES[ended]
    company = bindings.company_of_ended_binding(ports(), session[_BINDING]) if _BINDING in session else None
    if company is not None:
        forget_binding()
        return texts.SESSION_ENDED_BY_UNBINDING.format(company=company)
    if _mailbox_was_changed():
        session.pop(_LOGIN)
        return texts.SESSION_ENDED_BY_NEW_MAILBOX + (texts.NOT_SAVED_BEFORE if ended == "unsaved" else "")
    return _NOTICES.get(ended, "")


def _mailbox_was_changed() -> bool:
    """Return whether the account's mailbox has changed since the login."""
    account_id, since = session.get(_LOGIN) or (None, "")
    return account_id is not None and verification.mailbox_changed_since(
        ports(), account_id, datetime.fromisoformat(since)
    )
