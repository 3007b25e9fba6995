"""A Redis Cluster is refused at the start (OPS-5, OPS-7)."""

from collections.abc import Callable
from pathlib import Path

import pytest
from port_events.consumer import Consumer

from tests.support.harness.installation import COMMANDS
from tests.support.harness.processes import run_preloaded
from tests.support.harness.settings import SECRET, production_settings
from tests.support.servers.ports import free_port
from tests.support.servers.redis import RedisServer

pytestmark = pytest.mark.processes

_CLUSTER = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return production_settings(tmp_path)


@pytest.mark.rule("OPS-5", "OPS-7")
@pytest.mark.parametrize("process", ["relay", "mailer"])
def test_a_redis_cluster_is_refused(
    settings: dict[str, str], start_redis: Callable[..., RedisServer], process: str
) -> None:
    cluster = start_redis(options=_CLUSTER)

    refused = run_preloaded(
        *COMMANDS[process], environment={**settings, "REDIS_URL": cluster.url, "IDENTITY_AUDIT_KEYS": SECRET}
    )

    assert refused.returncode == 2
    assert refused.stderr.endswith("REDIS_URL: leads to a Redis Cluster, which is not supported\n")


@pytest.mark.rule("OPS-7")
def test_a_consumer_refuses_a_redis_cluster(start_redis: Callable[..., RedisServer]) -> None:
    cluster = start_redis(options=_CLUSTER)

    with pytest.raises(ValueError, match="Redis Cluster"):
        Consumer.from_url(cluster.url, group="passes")
