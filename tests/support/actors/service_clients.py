"""Other services that ask: clients made by the command, as an operator makes them."""

import base64
from dataclasses import dataclass, field

from httpx import Response

from tests.support.actors.people import Person, Visitor, unique
from tests.support.harness.commands import invoke, json_output
from tests.support.harness.system import System


@dataclass(frozen=True, slots=True)
class Service:
    """A service client and its secret."""

    name: str
    secret: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The header of HTTP Basic."""
        return f"Basic {base64.b64encode(f'{self.name}:{self.secret}'.encode()).decode()}"


def add_service(system: System, *rights: str) -> Service:
    """Make a client with these rights."""
    name = f"service-{unique()}"
    options = [part for right in rights for part in ("--right", right)]
    made = json_output(invoke(system, "clients", "add", name, *options, "--json"))
    return Service(name, made["secret"])


def service_visitor(system: System, *rights: str) -> Visitor:
    """Return a program that asks with the secret of a new client."""
    visitor = system.visitor()
    visitor.token = add_service(system, *rights).secret
    return visitor


class AdminClient:
    """A service with the right `accounts:admin`, in the name of its operator."""

    def __init__(self, visitor: Visitor, operator: str = "林小姐") -> None:
        self.http = visitor.http
        self._visitor = visitor
        visitor.http.headers.update([(b"X-Operator", operator.encode())])

    def get(self, path: str) -> Response:
        """Look something up."""
        return self._visitor.get(path)

    def post(self, path: str, *, reason: str = "本人來電請求", **more: object) -> Response:
        """Do something, and say why."""
        return self._visitor.post(path, {"reason": reason, **more})

    def put(self, path: str, *, reason: str = "本人來電請求", **more: object) -> Response:
        """Put something in place, and say why."""
        return self._visitor.put(path, {"reason": reason, **more})

    def act(self, person: Person, act: str, **more: object) -> Response:
        """Do one thing to an account."""
        return self.post(f"/admin/accounts/{person.id}/{act}", **more)  # type: ignore[arg-type]  # a reason is among them or not


def admin_client(system: System, operator: str = "林小姐") -> AdminClient:
    """Return a service that may act on accounts."""
    return AdminClient(service_visitor(system, "accounts:admin"), operator)
