"""Other services that ask: clients made by the command, as an operator makes them."""

import base64
from dataclasses import dataclass, field

from tests.support.commands import answered, command
from tests.support.people import Visitor, unique
from tests.support.system import System


@dataclass(frozen=True, slots=True)
class Service:
    """A service client and its secret."""

    name: str
    secret: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The header of HTTP Basic."""
        return f"Basic {base64.b64encode(f'{self.name}:{self.secret}'.encode()).decode()}"


def make_service(system: System, *rights: str) -> Service:
    """Make a client with these rights."""
    name = f"service-{unique()}"
    options = [part for right in rights for part in ("--right", right)]
    made = answered(command(system, "clients", "add", name, *options, "--json"))
    return Service(name, made["secret"])


def asking(system: System, *rights: str) -> Visitor:
    """Return a program that asks with the secret of a new client."""
    visitor = system.visitor()
    visitor.token = make_service(system, *rights).secret
    return visitor
