"""What views need from the application: the use cases' ports and the settings of the HTTP layer."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from flask import current_app
from port_runtime.agency_contact import Contact

from identity.usecases.ports import Ports

if TYPE_CHECKING:
    from identity.http.client_address import TrustedProxies

EXTENSION = "identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """The URLs of external pages that the portal links to; None hides a link."""

    information: str | None = None
    manual: str | None = None
    questions: str | None = None
    apply: str | None = None
    query: str | None = None
    print: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    ports: Ports
    proxies: "TrustedProxies"
    https: bool
    links: Links
    contact: Contact
    review_days: int


def web_context() -> WebContext:
    return cast("WebContext", current_app.extensions[EXTENSION])


def ports() -> Ports:
    return web_context().ports
