"""Measures the response time of an unbinding, and the time from the response until a service gets the logout token."""

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
from identity.adapters.sql.engine import open_engine
from sqlalchemy import Engine, text

from tests.bench.environment import Environment
from tests.bench.figures_and_goals import Figure, at_most, percentile
from tests.bench.oidc_rows import add_grants, register
from tests.bench.time_slots import Run, Side
from tests.bench.web_server import Web
from tests.support.servers.logout_receiver import LogoutReceiver, logout_receiver

_BINDINGS = 30
_UNBINDINGS = 3
_MANY_GRANTS = 1000
_HUNG_LOGOUTS = 20
_MEMBERS = 500
_LINK = 1
_LINK_ACCOUNT = "UPDATE accounts SET kind = 'link' WHERE id = :link"
_BIND = """
INSERT INTO bindings (id, link_account_id, general_account_id, live_general_id, status, requested_at, verified_at,
  dismissed)
VALUES (:binding, :link, :general, :general, 'verified', now(), now(), false)
"""


@dataclass(frozen=True, slots=True)
class Bound:
    """A web server whose Member1 is a link account; `api` is logged in to it."""

    engine: Engine
    web: Web
    api: httpx.Client
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(2))

    def bind(self, client: str, *, grants: int = 1) -> str:
        """Bind the next member and add grants of this binding for `client`; return the binding's id."""
        number = next(self._numbers)
        binding = f"{number:08d}-0000-4000-8000-000000000000"
        ids = {"binding": binding, "general": _id(number)}
        with self.engine.begin() as connection:
            connection.execute(text(_BIND), {**ids, "link": _id(_LINK)})
        add_grants(
            self.engine, f"{client}{number}-", count=grants,
            client=client, holder=_id(_LINK), account=_id(number), binding=binding,
        )  # fmt: skip
        return binding

    def unbind(self, binding: str) -> float:
        """End the binding; return the response time in seconds."""
        began = time.monotonic()
        answer = self.api.delete(f"/bindings/{binding}")
        assert answer.status_code == HTTPStatus.NO_CONTENT, answer.text
        return time.monotonic() - began


def unbinding_to_logout(environment: Environment) -> Iterator[Figure]:
    """Measure how long a service waits for its logout token, then again while another service hangs."""
    with ExitStack() as stack:
        prompt, hung = (stack.enter_context(logout_receiver()) for _ in range(2))
        bound = _bound(environment, stack)
        register(bound.engine, "prompt", f"{prompt.url}/logout")
        register(bound.engine, "hung", f"{hung.url}/logout")
        settings = {"IDENTITY_DATABASE_URL": bound.engine.url.render_as_string(hide_password=False)}
        notify = stack.enter_context(environment.process("identity", "notify", **settings))
        notify.wait_for("notify started")
        cpu = environment.cpu_of(service=bound.web.process, notify=notify)
        side = Side(name="logouts", unit="s", prepare=lambda: lambda: _logouts(bound, prompt), cpu=cpu)
        slots = environment.measure(side, quiet_slots=3)
        yield Figure(name="unbinding to logout, 95 %", slots=slots, unit="s", goal=at_most(1))
        hung.hang()
        for _ in range(_HUNG_LOGOUTS):
            bound.unbind(bound.bind("hung"))
        slots = environment.measure(side, quiet_slots=3)
        yield Figure(name="the same while another service hangs", slots=slots, unit="s", goal=at_most(2))


def _logouts(bound: Bound, service: LogoutReceiver) -> Run:
    waits = []
    for _ in range(_BINDINGS):
        binding = bound.bind("prompt")
        expected = len(service.received) + 1
        bound.unbind(binding)
        answered = time.monotonic()
        waits.append(max(0.0, service.wait_for(expected)[-1].at - answered))
    median = {"median s": statistics.median(waits)}
    return Run(value=percentile(waits, 0.95), operations=len(waits), details=median)


def unbinding_with_many_grants(environment: Environment) -> Iterator[Figure]:
    with ExitStack() as stack:
        bound = _bound(environment, stack)
        register(bound.engine, "closed", "http://127.0.0.1:9/logout")

        def prepare() -> Callable[[], Run]:
            bindings = [bound.bind("closed", grants=_MANY_GRANTS) for _ in range(_UNBINDINGS)]
            return lambda: _unbindings(bound, bindings)

        cpu = environment.cpu_of(service=bound.web.process)
        slots = environment.measure(Side(name="unbinding", unit="ms", prepare=prepare, cpu=cpu))
    yield Figure(name="unbinding that ends 1,000 grants: median", slots=slots, unit="ms", goal=at_most(200))


def _unbindings(bound: Bound, bindings: Sequence[str]) -> Run:
    times = [bound.unbind(binding) * 1000 for binding in bindings]
    return Run(value=statistics.median(times), operations=len(times), details={"slowest ms": max(times)})


def _bound(environment: Environment, stack: ExitStack) -> Bound:
    database = environment.database(_MEMBERS)
    engine = open_engine(database)
    stack.callback(engine.dispose)
    with engine.begin() as connection:
        connection.execute(text(_LINK_ACCOUNT), {"link": _id(_LINK)})
    web = stack.enter_context(environment.serving(database))
    client = httpx.Client(base_url=web.api, headers=web.session().headers, timeout=30)
    return Bound(engine, web, stack.enter_context(client))


def _id(number: int) -> str:
    return str(number).rjust(36, "0")
