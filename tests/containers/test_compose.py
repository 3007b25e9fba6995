"""Requirements for every service in the Compose file."""

from typing import Any

import pytest
import yaml
from identity.processes.web_server.gunicorn_server import GRACE_SECONDS
from mailer.process import RELEASE_SECONDS, STOP_SECONDS

from tests.support import ROOT

FILE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = FILE["services"]
ONE_OFF = {"secrets", "roles", "migrate"}
ENVIRONMENT_MAY_NAME = {"IDENTITY_MODE", "IDENTITY_LOCAL_BIND_ANY", "IDENTITY_PUBLIC_URL", "POSTGRES_USER",
                        "POSTGRES_DB", "POSTGRES_INITDB_ARGS",
                        "MP_MAX_MESSAGES", "MAILER_SMTP_URL"}  # fmt: skip

each_service = pytest.mark.parametrize("name", SERVICES)


@each_service
@pytest.mark.rule("SEC-15")
def test_containers_have_least_privilege(name: str) -> None:
    it = SERVICES[name]

    assert (it["read_only"], it["cap_drop"], it["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges:true"],
    )
    assert it.get("cap_add", []) == (["CHOWN"] if name == "secrets" else [])
    assert not {"privileged", "devices", "pid", "ipc", "userns_mode"} & set(it)
    assert [v for v in it.get("volumes", []) if v.startswith((".", "/", "~")) or "docker.sock" in v] == []


@each_service
def test_an_init_process_forwards_signals(name: str) -> None:
    assert SERVICES[name]["init"] is True


@each_service
def test_a_container_has_limits(name: str) -> None:
    assert {"mem_limit", "cpus", "pids_limit"} <= set(SERVICES[name])


@each_service
def test_an_image_has_a_version(name: str) -> None:
    assert not SERVICES[name]["image"].endswith(":latest")
    assert ":" in SERVICES[name]["image"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONE_OFF])
def test_long_running_services_have_a_health_check_and_restart(name: str) -> None:
    it = SERVICES[name]

    assert {"test", "interval", "timeout", "retries"} <= set(it["healthcheck"])
    assert it["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(ONE_OFF))
def test_one_off_jobs_do_not_restart(name: str) -> None:
    assert "restart" not in SERVICES[name]


@each_service
def test_a_service_starts_after_its_dependencies_are_healthy_or_completed(name: str) -> None:
    waits = {it: service["condition"] for it, service in SERVICES[name].get("depends_on", {}).items()}

    assert waits == {
        it: "service_completed_successfully" if it in ONE_OFF else "service_healthy" for it in waits
    }


@each_service
@pytest.mark.rule("OPS-5")
def test_each_service_gets_its_secrets_as_files(name: str) -> None:
    variables: dict[str, str] = SERVICES[name].get("environment", {})
    in_files = {variable: value for variable, value in variables.items() if variable.endswith("_FILE")}
    mounted = [it for it in SERVICES[name].get("volumes", []) if it.startswith("secrets-")]

    assert set(variables) - set(in_files) - {"ANSWER_MS"} <= ENVIRONMENT_MAY_NAME
    assert [value for value in in_files.values() if not value.startswith("/run/secrets/")] == []
    assert name == "secrets" or mounted in ([], [f"secrets-{name}:/run/secrets:ro"])
    assert name == "secrets" or not in_files or mounted


@pytest.mark.rule("SEC-10")
def test_the_mailer_shares_a_network_only_with_redis_and_the_mail_server() -> None:
    networks = {name: set(it.get("networks", [])) for name, it in SERVICES.items()}
    reached = {name for name, its in networks.items() if its & networks["mailer"]} - {"mailer"}

    assert reached == {"redis", "mailpit"}
    assert {name for name in networks["mailer"] if not FILE["networks"][name]["internal"]} == set()


@pytest.mark.rule("SEC-3")
def test_the_web_processes_do_not_reach_redis() -> None:
    assert not set(SERVICES["identity"]["networks"]) & set(SERVICES["redis"]["networks"])


@pytest.mark.rule("OIDC-22")
def test_only_notify_and_published_services_have_outgoing_connections() -> None:
    outside = {name for name, network in FILE["networks"].items() if not network}
    reaching = {name for name, it in SERVICES.items() if outside & set(it.get("networks", []))}

    assert reaching == {"identity", "mailpit", "notify"}
    assert SERVICES["notify"]["networks"] == ["data", "services"]


def test_only_portal_and_mailbox_are_published_and_only_on_loopback() -> None:
    published = {name: it["ports"] for name, it in SERVICES.items() if "ports" in it}

    assert set(published) == {"identity", "mailpit"}
    assert [port for ports in published.values() for port in ports if not port.startswith("127.0.0.1:")] == []


def test_the_mailer_can_be_scaled() -> None:
    assert not {"container_name", "ports", "hostname"} & set(SERVICES["mailer"])


def test_each_service_has_its_stop_grace_period() -> None:
    grace = {name: int(SERVICES[name]["stop_grace_period"].rstrip("s")) for name in ("identity", "mailer")}

    assert grace["identity"] > GRACE_SECONDS
    assert grace["mailer"] > STOP_SECONDS + RELEASE_SECONDS


def test_the_file_has_no_version_key() -> None:
    assert "version" not in FILE  # both clients then apply the Compose Specification
    assert "name" not in FILE  # docker-compose 1.29 refuses this key


@each_service
def test_our_images_are_built_before_their_users_start(name: str) -> None:
    builders = [
        it
        for it, service in SERVICES.items()
        if "build" in service and service["image"] == SERVICES[name]["image"]
    ]

    assert len(builders) == (1 if SERVICES[name]["image"].startswith("port-") else 0)
    assert set(builders) <= {name, *_awaited(name)}


@each_service
@pytest.mark.rule("SEC-15")
def test_our_images_are_never_pulled(name: str) -> None:
    ours = SERVICES[name]["image"].startswith("port-")

    assert SERVICES[name].get("pull_policy") == ("never" if ours else None)


def _awaited(name: str) -> set[str]:
    direct = set(SERVICES[name].get("depends_on", {}))
    return direct.union(*(_awaited(it) for it in direct))
