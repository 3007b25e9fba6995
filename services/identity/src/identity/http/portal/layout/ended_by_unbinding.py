"""The binding that a browser is switched to, so that the login page can say that its end ended the login (SW-5)."""

from flask import session

from identity.http.web_context import ports
from identity.usecases import bindings

_BINDING = "switched"
"""Its key in the form session, which ends at logout and at the next login."""


def remember_binding(binding_id: str) -> None:
    """Remember the binding of this browser's switched login."""
    session[_BINDING] = binding_id


def forget_binding() -> None:
    """Forget it: the browser is back at the link account."""
    session.pop(_BINDING, None)


def unbound_company() -> str | None:
    """Return the company of this browser's switched login if its binding has ended."""
    binding_id = session.get(_BINDING)
    return bindings.removed_company(ports(), binding_id) if binding_id else None
