"""What a view needs of the request and of the installation."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import cast

from flask import current_app, g, has_request_context, request
from port_runtime.parsers import Network

from identity.domain.account import Kind
from identity.domain.audit import Caller
from identity.domain.errors import ForbiddenWhileSwitched, ForeignOrigin, NotSignedIn, StepRequired, WrongKind
from identity.domain.session import ClientInfo, Principal, Step
from identity.usecases import sessions
from identity.usecases.ports import Ports

EXTENSION = "identity"
_USER_AGENT_CHARACTERS = 200
_TOKEN_CHARACTERS = 128
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses outside the portal that its pages lead to; one that is not set is not shown."""

    information: str | None = None
    manual: str | None = None
    questions: str | None = None
    apply: str | None = None
    query: str | None = None
    print: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """The use cases' ports, and what only the HTTP side knows."""

    ports: Ports
    trusted_proxies: tuple[Network, ...]
    https: bool
    links: Links

    @property
    def session_cookie(self) -> str:
        """The portal's cookie; the prefix makes browsers keep it to this host, where https lets them."""
        return "__Host-session" if self.https else "session"

    @property
    def device_prefix(self) -> str:
        """What the known browser's cookies begin with, one for each account (SEC-3)."""
        return "__Host-device-" if self.https else "device-"


def web_context() -> WebContext:
    """Return the installation's parts."""
    return cast("WebContext", current_app.extensions[EXTENSION])


def ports() -> Ports:
    """Return the use cases' ports."""
    return web_context().ports


def client_info() -> ClientInfo:
    """Return where the request comes from."""
    agent = request.headers.get("User-Agent", "")[:_USER_AGENT_CHARACTERS]
    prefix = web_context().device_prefix
    devices = {
        name.removeprefix(prefix): value for name, value in request.cookies.items() if name.startswith(prefix)
    }
    return ClientInfo(client_address(), _printable(agent), devices)


def caller() -> Caller:
    """Return who asks, as far as this request has shown it yet (SEC-11)."""
    if not has_request_context():
        return Caller(kind="system", name="identity")
    who: Principal | None = g.get("standing")
    holder = who.actor if who else None
    return Caller(
        kind="person",
        name=holder.id if holder else "",
        link_account_id=holder.id if holder and holder.kind == "link" else None,
        address=client_address(),
        request_id=g.get("request_id", ""),
    )


def client_address() -> str:
    """Return the peer's address, or behind trusted proxies the nearest one that is not a proxy (SEC-3)."""
    trusted = web_context().trusted_proxies
    nearest = request.remote_addr or ""
    hops = [hop.strip() for header in request.headers.getlist("X-Forwarded-For") for hop in header.split(",")]
    while hops and _in_networks(nearest, trusted):
        nearest = hops.pop()
    address = _parse_address(nearest) or _parse_address(request.remote_addr or "")
    return str(address) if address else ""


def _in_networks(text: str, networks: tuple[Network, ...]) -> bool:
    address = _parse_address(text)
    return address is not None and any(address in network for network in networks)


def _parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address without its zone; an IPv4 one in IPv6 clothes (RFC 4291 section 2.5.5.2) is IPv4."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def current_principal() -> Principal:
    """Return who asks, whatever step is open. Raises NotSignedIn, ForeignOrigin."""
    if "standing" not in g:
        g.standing = sessions.identify(ports(), _token())
    return cast("Principal", g.standing)


def _token() -> str:
    header = request.headers.get("Authorization", "")
    if header[: len(_BEARER)].lower() == _BEARER:
        if len(header) > _TOKEN_CHARACTERS:
            raise NotSignedIn
        return header[len(_BEARER) :]
    cookie = request.cookies.get(web_context().session_cookie)
    if not cookie or len(cookie) > _TOKEN_CHARACTERS:
        raise NotSignedIn
    require_own_origin()
    return cookie


def require_own_origin() -> None:
    """Raise ForeignOrigin for a change that another site's page asks for with the browser's cookie (SEC-8).

    A page's form has proven by its CSRF token where it comes from; old browsers send no origin with it.
    """
    if request.method in _SAFE or g.get("csrf_valid"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForeignOrigin
        return
    origin = request.headers.get("Origin")
    if origin != ports().rules.public_url and origin != request.host_url.rstrip("/"):
        raise ForeignOrigin


def require_step(step: Step) -> Principal:
    """Return who asks, that step being the next. Raises NotSignedIn, StepRequired where another is, or none."""
    who = current_principal()
    if who.next_step != step:
        raise StepRequired(who.next_step or "")
    return who


def require_principal(kind: Kind | None = None) -> Principal:
    """Return who asks, every step done, acting for themselves where `kind` is asked for.

    Raises NotSignedIn, StepRequired, ForbiddenWhileSwitched, WrongKind.
    """
    who = current_principal()
    if who.next_step is not None:
        raise StepRequired(who.next_step)
    if kind is not None and who.switched:
        raise ForbiddenWhileSwitched
    if kind is not None and who.account.kind != kind:
        raise WrongKind
    return who
