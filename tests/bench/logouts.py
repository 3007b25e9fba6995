"""How soon services hear that a binding has ended, and how long ending it takes."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import httpx
from identity.adapters.sql.engine import open_engine
from sqlalchemy import Engine, text

from tests.bench.environment import Environment, Web
from tests.bench.figures import Figure, Goal, percentile
from tests.bench.oauth import GRANT, register
from tests.support.actors.people import PASSWORD
from tests.support.servers.logout_receiver import logout_receiver

_BINDINGS = 40
_MANY_GRANTS = 1000
_HUNG_LOGOUTS = 20
_LINK = 1
_LINK_ACCOUNT = "UPDATE accounts SET kind = 'link' WHERE id = :link"
_BIND = """
INSERT INTO bindings (id, link_account_id, general_account_id, live_general_id, status, requested_at, verified_at,
  dismissed)
VALUES (:binding, :link, :general, :general, 'verified', now(), now(), false)
"""


@dataclass(frozen=True, slots=True)
class Bound:
    """A database in which Member1 is a link account, and a logged-in browser of it."""

    engine: Engine
    api: httpx.Client

    def bind(self, number: int) -> str:
        """Bind a member; return the binding's id."""
        binding = f"{number:08d}-0000-4000-8000-000000000000"
        values = {"binding": binding, "link": _id(_LINK), "general": _id(number)}
        with self.engine.begin() as connection:
            connection.execute(text(_BIND), values)
        return binding

    def grant(self, client: str, number: int, binding: str, *, count: int = 1) -> None:
        """Open grants of a client for the bound member."""
        people = {"holder": _id(_LINK), "account": _id(number), "binding": binding}
        values = {**people, "client": client, "count": count, "prefix": f"{client}{number}-"}
        with self.engine.begin() as connection:
            connection.execute(text(GRANT), values)

    def unbind(self, binding: str) -> float:
        """End the binding; return the seconds until the answer."""
        began = time.monotonic()
        answer = self.api.delete(f"/bindings/{binding}")
        assert answer.status_code == 204, answer.text
        return time.monotonic() - began


def unbinding_to_logout(stand: Environment) -> Iterator[Figure]:
    """From the answer to an unbinding to the logout token at the service; then beside a service that hangs."""
    with ExitStack() as stack:
        told, hung = (stack.enter_context(logout_receiver()) for _ in range(2))
        bound = _bound(stand, stack)
        register(bound.engine, "told", f"{told.url}/logout")
        register(bound.engine, "hung", f"{hung.url}/logout")
        settings = {"IDENTITY_DATABASE_URL": bound.engine.url.render_as_string(hide_password=False)}
        stack.enter_context(stand.process("identity", "notify", **settings)).wait_for("notify started")
        hung.hang()
        for is_hung in (False, True):
            if is_hung:
                for number in range(100, 100 + _HUNG_LOGOUTS):
                    binding = bound.bind(number)
                    bound.grant("hung", number, binding)
                    bound.unbind(binding)
            waits = []
            first = 2 + _BINDINGS * is_hung
            for number in range(first, first + _BINDINGS):
                binding = bound.bind(number)
                bound.grant("told", number, binding)
                expected = len(told.received) + 1
                bound.unbind(binding)
                answered = time.monotonic()
                waits.append(max(0.0, told.wait_for(expected)[-1].at - answered))
            yield Figure(
                name=f"unbinding to logout, 95 %{', another service hung' if is_hung else ''}",
                measured=percentile(waits, 0.95),
                unit="s",
                goal=Goal("most", 2 if is_hung else 1),
                parts={"median s": percentile(waits, 0.5)},
            )


def unbinding_with_many_grants(stand: Environment) -> Iterator[Figure]:
    """The answer to an unbinding that ends a thousand grants."""
    with ExitStack() as stack:
        bound = _bound(stand, stack)
        register(bound.engine, "told", "http://127.0.0.1:9/logout")
        seconds = []
        for number in range(2, 9):
            binding = bound.bind(number)
            bound.grant("told", number, binding, count=_MANY_GRANTS)
            seconds.append(bound.unbind(binding))
        yield Figure(
            name="unbinding that ends 1,000 grants: median",
            measured=percentile(seconds, 0.5) * 1000,
            unit="ms",
            goal=Goal("most", 200),
            parts={"slowest ms": max(seconds) * 1000},
        )


def _bound(stand: Environment, stack: ExitStack) -> Bound:
    database = stand.database(200)
    engine = open_engine(database)
    stack.callback(engine.dispose)
    with engine.begin() as connection:
        connection.execute(text(_LINK_ACCOUNT), {"link": _id(_LINK)})
    web: Web = stack.enter_context(stand.serving(database))
    person = {"username": f"Member{_LINK}", "password": PASSWORD}
    token = httpx.post(f"{web.api}/sessions", json=person, timeout=30).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    return Bound(engine, stack.enter_context(httpx.Client(base_url=web.api, headers=headers, timeout=30)))


def _id(number: int) -> str:
    return str(number).rjust(36, "0")
