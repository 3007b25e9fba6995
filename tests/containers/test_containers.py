"""The system in containers with both Compose clients: healthy, hardened, scaled. Needs a container engine."""

import json
import os
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.harness.containers import (
    CLIENTS,
    Containers,
    image_bytes,
    require_client,
    require_engine,
)
from tests.support.harness.polling import wait_until
from tests.support.harness.readme_commands import walk_api

SLOW_MAILBOX = Path(__file__).with_name("slow_mailbox.yml")
ONE_OFF = {"secrets", "roles", "migrate"}
OURS = ("identity", "relay", "notify", "tidy", "mailer")
BACKLOG = 160
UNREACHABLE = """
import socket, sys
for host, port in (("postgres", 5432), ("identity", 8000), ("relay", 9100), ("192.0.2.1", 80)):
    try:
        socket.create_connection((host, port), timeout=2)
    except OSError:
        continue
    sys.exit(f"{host} was reached")
for host, port in (("redis", 6379), ("mailpit", 1025)):
    socket.create_connection((host, port), timeout=5).close()
"""

pytestmark = [pytest.mark.timeout(1800), pytest.mark.xdist_group("containers")]


@pytest.fixture(scope="module", params=CLIENTS)
def containers(request: pytest.FixtureRequest) -> Iterator[Containers]:
    require_engine()
    made = Containers(require_client(request.param))
    try:
        made.up()
        yield made
    finally:
        made.destroy()


@pytest.fixture
def with_slow_mailbox() -> Iterator[Containers]:
    require_engine()
    made = Containers(require_client("docker-compose"), SLOW_MAILBOX)
    try:
        made.up("--build", "--scale", "mailer=4")
        yield made
    finally:
        made.destroy()


def test_no_container_was_restarted(containers: Containers) -> None:
    started = {name: it["RestartCount"] for name in containers.services() for it in containers.inspect(name)}

    assert started == dict.fromkeys(containers.services(), 0)


def test_the_api_walk_works_in_containers(containers: Containers) -> None:
    walk_api(api=containers.api, mails=containers.mails)


@pytest.mark.rule("SEC-15")
def test_containers_run_with_least_privilege(containers: Containers) -> None:
    found = {name: containers.inspect(name)[0] for name in containers.services()}

    for name, it in found.items():
        host = it["HostConfig"]
        assert host["ReadonlyRootfs"] is True, name
        added = [right.removeprefix("CAP_") for right in host["CapAdd"] or []]
        assert (host["CapDrop"], added) == (["ALL"], ["CHOWN"] if name == "secrets" else []), name
        assert [rule.replace("=", ":") for rule in host["SecurityOpt"]] == ["no-new-privileges:true"], name
        assert (host["Memory"] > 0, host["NanoCpus"] > 0, host["PidsLimit"] > 0) == (True, True, True), name
        assert it["Config"]["User"].split(":")[0].isdigit(), name
        assert (it["Config"]["User"] == "0:0") == (name == "secrets"), name
        assert host["RestartPolicy"]["Name"] in (("no", "") if name in ONE_OFF else ("unless-stopped",)), name
    assert {it["Config"]["User"] for name, it in found.items() if name in OURS} == {"10001:10001"}


@pytest.mark.rule("SEC-15")
@pytest.mark.parametrize("service", OURS)
def test_a_process_is_not_root_and_cannot_write_its_root(containers: Containers, service: str) -> None:
    tried = containers.execute(
        service, "python3", "-c", "import os; print(os.getuid()); open('/opt/here', 'w')"
    )

    assert (tried.stdout.strip(), tried.returncode) == ("10001", 1)
    assert "Read-only file system" in tried.stderr


@pytest.mark.parametrize("service", OURS)
def test_images_hold_no_build_or_install_tools(containers: Containers, service: str) -> None:
    tried = containers.execute(
        service, "python3", "-c", "import importlib.util as it; print([n for n in ('pip', 'setuptools', 'pytest')"
        " if it.find_spec(n)]); import shutil; print([n for n in ('gcc', 'cc', 'curl', 'make') if shutil.which(n)])",
    )  # fmt: skip

    assert tried.stdout.split("\n")[:2] == ["[]", "[]"]


@pytest.mark.parametrize("service", ["identity", "mailer"])
def test_an_image_adds_less_than_120_mb_to_its_base(containers: Containers, service: str) -> None:
    image = containers.inspect(service)[0]["Config"]
    base = image["Labels"]["org.opencontainers.image.base.name"]

    assert image_bytes(image["Image"]) - image_bytes(base) < 120 * 10**6


@pytest.mark.rule("SEC-10")
def test_the_mailer_reaches_only_redis_and_the_mail_server(containers: Containers) -> None:
    tried = containers.execute("mailer", "python3", "-c", UNREACHABLE)

    assert (tried.stderr, tried.returncode) == ("", 0)


@pytest.mark.parametrize("service", OURS)
def test_each_process_sees_only_its_own_secrets(containers: Containers, service: str) -> None:
    seen = containers.execute(service, "ls", "/run/secrets").stdout.split()

    environment = " ".join(containers.inspect(service)[0]["Config"]["Env"])
    assert {f"/run/secrets/{name}" for name in seen} == {
        word.partition("=")[2] for word in environment.split() if "_FILE=" in word
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may kill a container's process from outside")
def test_a_killed_mailer_is_restarted(containers: Containers) -> None:
    before = containers.inspect("mailer")[0]["State"]

    os.kill(before["Pid"], signal.SIGKILL)

    wait_until(
        lambda: containers.inspect("mailer")[0]["State"]["Pid"] not in {0, before["Pid"]},
        what="the mailer to come back",
        timeout_seconds=60,
    )


def test_sigterm_reaches_the_process_itself(containers: Containers) -> None:
    containers.wait_until_healthy()

    containers.run("stop", *OURS)

    codes = {name: containers.inspect(name)[0]["State"]["ExitCode"] for name in OURS}
    containers.run("start", *OURS)
    assert codes == dict.fromkeys(OURS, 0)


@pytest.mark.rule("MAIL-7")
def test_four_mailers_drain_a_backlog_faster_than_a_single_mailer(with_slow_mailbox: Containers) -> None:
    by_four = _mails_a_second(with_slow_mailbox, prefix="four")

    with_slow_mailbox.up("--scale", "mailer=1")
    by_one = _mails_a_second(with_slow_mailbox, prefix="one")

    sys.stdout.write(f"with one second for each mail: one mailer {by_one:.1f}/s, four {by_four:.1f}/s\n")
    assert by_four > 2 * by_one


def _mails_a_second(containers: Containers, *, prefix: str) -> float:
    """Build up a backlog during a pause; return the mails per second after the resume."""
    before = containers.mail_count()
    assert containers.execute("mailer", "mailer", "queue", "pause", "--reason", "backlog").returncode == 0
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda number: _register(containers, f"{prefix}{number}"), range(BACKLOG)))
    wait_until(
        # Mailers pause within two seconds, so they may send a few mails before.
        lambda: _waiting(containers) + containers.mail_count() - before >= BACKLOG,
        what="the backlog",
        timeout_seconds=120,
    )
    early = containers.mail_count()
    assert containers.execute("mailer", "mailer", "queue", "resume").returncode == 0
    wait_until(lambda: containers.mail_count() > early, what="the first mail", timeout_seconds=60)
    first, started = containers.mail_count(), time.monotonic()
    wait_until(lambda: containers.mail_count() >= before + BACKLOG, what="the last mail", timeout_seconds=120)
    return (before + BACKLOG - first) / (time.monotonic() - started)


def _waiting(containers: Containers) -> int:
    result = containers.execute("mailer", "mailer", "queue", "--json")
    figures = json.loads(result.stdout)
    return int(figures["waiting"]) + int(figures["in_flight"])


def _register(containers: Containers, username: str) -> None:
    account = {
        "kind": "general", "username": username, "name": "錢大明", "mobile": "0912345678",
        "email": f"{username}@example.com", "password": "Harbour-Crane-77!",
        "company": {"tax_id": "04595257", "phone": "02-12345678", "name": "大明股份有限公司",
                    "address": "804004高雄市鼓山區蓬萊路10號"},
    }  # fmt: skip
    request = urllib.request.Request(  # noqa: S310 - of loopback, made here
        f"{containers.api}/accounts", json.dumps(account).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
        assert answer.status == 202
