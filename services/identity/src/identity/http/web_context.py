"""What an installation provides to its views: the use cases' ports, and what only the HTTP side knows."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app
from port_runtime.contact import Contact

from identity.usecases.ports import Ports

if TYPE_CHECKING:
    from identity.http.client_address import TrustedProxies

EXTENSION = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses outside the portal that its pages link to; one that is not set is not shown."""

    information: str | None = None
    manual: str | None = None
    questions: str | None = None
    apply: str | None = None
    query: str | None = None
    print: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """The use cases' ports and the settings of the HTTP side."""

    ports: Ports
    proxies: "TrustedProxies"
    https: bool
    links: Links
    contact: Contact
    review_days: int


def web_context() -> WebContext:
    """Return the current application's context."""
    return cast("WebContext", current_app.extensions[EXTENSION])


def ports() -> Ports:
    """Return the use cases' ports."""
    return web_context().ports
