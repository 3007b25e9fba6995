"""The binding of a browser's switched login, for the login page's notice that the binding has ended (SW-5)."""

from flask import session

from identity.http.web_context import ports
from identity.usecases import bindings

_BINDING = "switched"
"""The key in the form session, which is cleared at logout and at the next login."""


def remember_binding(binding_id: str) -> None:
    session[_BINDING] = binding_id


def forget_binding() -> None:
    session.pop(_BINDING, None)


def unbound_company() -> str | None:
    """Return the company of this browser's switched login if its binding has ended, otherwise None."""
    binding_id = session.get(_BINDING)
    return bindings.company_of_ended_binding(ports(), binding_id) if binding_id else None
