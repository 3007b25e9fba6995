"""Compares a request on a small and on a large database, with one client."""

from collections.abc import Callable, Mapping

from tests.bench import http_load
from tests.bench.environment import Environment
from tests.bench.time_slots import Slot
from tests.bench.web_server import Web


def compare(
    environment: Environment, servers: Mapping[str, Web], request: Callable[[Web], http_load.Request]
) -> list[Slot]:
    """Measure median latencies. `servers` are by name, first that of the small database, then that of the large one."""
    for web in servers.values():
        http_load.run(request(web), clients=1, seconds=1)
    small, large = (
        http_load.side(name, lambda web=web: request(web), environment.cpu_of(service=web.process), unit="ms")  # type: ignore[misc]  # the default
        for name, web in servers.items()
    )
    return environment.measure(large, small)
