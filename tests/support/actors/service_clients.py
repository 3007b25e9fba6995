"""Other services: clients added with the operators' command."""

import base64
from dataclasses import dataclass, field

from httpx import Response

from tests.support.actors.people import Person, Visitor, unique
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    secret: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The value of the Authorization header for HTTP Basic."""
        return f"Basic {base64.b64encode(f'{self.name}:{self.secret}'.encode()).decode()}"


def add_service(system: System, *rights: str) -> Service:
    """Add a client with these rights by command."""
    name = f"service-{unique()}"
    options = [part for right in rights for part in ("--right", right)]
    made = json_output(invoke(system, "clients", "add", name, *options, "--json"))
    return Service(name, made["secret"])


def service_visitor(system: System, *rights: str) -> Visitor:
    """Return a visitor that sends a new client's secret as its bearer token."""
    visitor = system.visitor()
    visitor.token = add_service(system, *rights).secret
    return visitor


class AdminClient:
    """Calls the admin API as a service that names its operator."""

    def __init__(self, visitor: Visitor, operator: str = "林小姐") -> None:
        self.http = visitor.http
        self._visitor = visitor
        visitor.http.headers.update([(b"X-Operator", operator.encode())])

    def get(self, path: str) -> Response:
        return self._visitor.get(path)

    def post(self, path: str, *, reason: str = "本人來電請求", **more: object) -> Response:
        return self._visitor.post(path, {"reason": reason, **more})

    def put(self, path: str, *, reason: str = "本人來電請求", **more: object) -> Response:
        return self._visitor.put(path, {"reason": reason, **more})

    def act(self, person: Person, act: str, **more: object) -> Response:
        return self.post(f"/admin/accounts/{person.id}/{act}", **more)  # type: ignore[arg-type]  # `more` may contain the reason


def admin_client(system: System, operator: str = "林小姐") -> AdminClient:
    """Return a service with the right `accounts:admin`."""
    return AdminClient(service_visitor(system, "accounts:admin"), operator)
