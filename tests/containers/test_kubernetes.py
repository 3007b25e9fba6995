"""The rendered Kubernetes manifests are valid, restricted, and allow the least network access."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from identity.processes.web_server.gunicorn_server import GRACE_SECONDS
from mailer.process import RELEASE_SECONDS, STOP_SECONDS

from tests.containers.manifests import (
    KUBERNETES,
    OVERLAYS,
    Document,
    build,
    containers,
    name_of,
    pods,
    render,
)
from tests.containers.schemas import validate, validate_custom
from tests.support import ROOT

OURS = {"identity", "relay", "notify", "mailer"}


def of(documents: list[Document], kind: str) -> dict[str, Document]:
    return {it["metadata"]["name"]: it for it in documents if it["kind"] == kind}


def test_every_kind_of_kubernetes_is_valid(overlay: list[Document]) -> None:
    custom = {document["kind"] for document in validate(overlay)}

    assert custom <= {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"}


def test_every_kind_of_other_projects_is_valid(production: list[Document]) -> None:
    for document in validate(production):
        validate_custom(document)


@pytest.mark.parametrize(
    ("component", "kinds"),
    [
        ("ingress", {"Ingress"}),
        ("gateway", {"HTTPRoute"}),
        ("kube-prometheus-stack", {"ServiceMonitor", "PrometheusRule"}),
    ],
)
def test_each_component_adds_its_kinds(component: str, kinds: set[str], tmp_path: Path) -> None:
    added = [it for it in render("local", tmp_path, component) if it["kind"] in kinds]

    for document in validate(added):
        validate_custom(document)
    assert {document["kind"] for document in added} == kinds


@pytest.mark.parametrize(("component", "namespace"), [("ingress", "ingress"), ("gateway", "gateway")])
def test_only_a_component_admits_requests_from_outside(
    component: str, namespace: str, tmp_path: Path
) -> None:
    labels = {"app.kubernetes.io/name": "identity"}
    closed = _peers(of(render("local", tmp_path / "closed"), "NetworkPolicy"), labels, "ingress")
    entered = _peers(of(render("local", tmp_path / "open", component), "NetworkPolicy"), labels, "ingress")

    assert {port["port"] for rule in closed for port in rule["ports"]} == {9100}
    (rule,) = [rule for rule in entered if rule not in closed]
    assert rule["ports"] == [{"protocol": "TCP", "port": 8000}]
    assert rule["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    ]


def test_the_gateway_sends_requests_to_the_portal_and_http_to_https(tmp_path: Path) -> None:
    documents = render("local", tmp_path, "gateway")
    routes, services = of(documents, "HTTPRoute"), of(documents, "Service")

    ((backend,),) = [rule["backendRefs"] for rule in routes["identity"]["spec"]["rules"]]
    ((redirect,),) = [rule["filters"] for rule in routes["identity-to-https"]["spec"]["rules"]]
    assert backend["port"] in {port["port"] for port in services[backend["name"]]["spec"]["ports"]}
    assert redirect["requestRedirect"] == {"scheme": "https", "statusCode": 301}


def test_the_base_names_no_ingress_controller() -> None:
    files = [*KUBERNETES.glob("base/*"), *KUBERNETES.glob("components/*/*")]

    assert [
        path for path in files if re.search("nginx|traefik|haproxy|contour|istio", path.read_text())
    ] == []


def test_kube_prometheus_stack_selects_our_monitors_and_rules(production: list[Document]) -> None:
    read = [it for it in production if it["apiVersion"].startswith("monitoring.coreos.com/")]

    assert {it["metadata"]["labels"]["release"] for it in read} == {"kube-prometheus-stack"}


def test_the_overlay_has_all_parts(overlay: list[Document]) -> None:
    names = {name_of(it) for it in overlay}

    assert {f"Deployment/{name}" for name in OURS} <= names
    assert {f"PodDisruptionBudget/{name}" for name in OURS} <= names
    assert {f"ServiceAccount/{name}" for name in OURS} <= names
    assert {"Job/migrate", "CronJob/tidy", "Service/identity", "NetworkPolicy/nothing-by-default"} <= names


def test_production_has_autoscaling_and_monitoring(production: list[Document]) -> None:
    kinds = {it["kind"] for it in production}

    assert {"Ingress", "HorizontalPodAutoscaler", "ScaledObject", "ServiceMonitor", "PrometheusRule"} <= kinds


@pytest.mark.parametrize("component", ["ingress", "gateway"])
def test_production_admits_requests_for_the_public_host(component: str, tmp_path: Path) -> None:
    render("production", tmp_path)  # it copies the manifests
    own = tmp_path / "kubernetes/overlays/production"
    for name, old, new in [
        ("settings.env", "pass.example.tw", "pass.agency.example"),
        ("kustomization.yaml", "components/ingress", f"components/{component}"),
        ("kustomization.yaml", "  - path: ingress-patch.yaml\n", ""),
    ]:
        text = (own / name).read_text()
        assert old in text
        (own / name).write_text(text.replace(old, new))

    outside = [it["spec"] for it in build(own) if it["kind"] in {"Ingress", "HTTPRoute"}]

    assert outside
    for spec in outside:
        hosts = spec.get("hostnames") or [*spec["tls"][0]["hosts"], spec["rules"][0]["host"]]
        assert set(hosts) == {"pass.agency.example"}


@pytest.mark.rule("SEC-15")
def test_every_pod_meets_the_restricted_profile(overlay: list[Document]) -> None:
    for name, pod in pods(overlay).items():
        spec = pod["spec"]
        whole = spec["securityContext"]
        assert (whole["runAsNonRoot"], whole["seccompProfile"]) == (True, {"type": "RuntimeDefault"}), name
        assert whole["runAsUser"] >= 999, name
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["enableServiceLinks"] is False, name
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec), name
        assert {kind for volume in spec["volumes"] for kind in volume if kind != "name"} <= {
            "secret", "configMap", "emptyDir", "persistentVolumeClaim",
        }, name  # fmt: skip
        for container in containers(pod):
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False, name
            assert own["readOnlyRootFilesystem"] is True, name
            assert own["capabilities"] == {"drop": ["ALL"]}, name


def test_each_pod_has_its_termination_grace_period(overlay: list[Document]) -> None:
    found = pods(overlay)
    grace = {name: found[f"Deployment/{name}"]["spec"]["terminationGracePeriodSeconds"] for name in OURS}

    assert grace["identity"] > GRACE_SECONDS
    assert grace["mailer"] > STOP_SECONDS + RELEASE_SECONDS


@pytest.mark.rule("OPS-4")
def test_long_running_pods_have_liveness_and_readiness_probes(overlay: list[Document]) -> None:
    for name, pod in pods(overlay).items():
        for container in containers(pod):
            if container in pod["spec"].get("initContainers", []):
                continue
            probes = {word: ask for word, ask in container.items() if word.endswith("Probe")}
            assert name.startswith(("Job", "CronJob")) or {"livenessProbe", "readinessProbe"} <= set(
                probes
            ), name
            if name.partition("/")[2] in OURS:
                assert probes["livenessProbe"]["httpGet"]["path"] == "/livez", name
                assert probes["readinessProbe"]["httpGet"]["path"] == "/readyz", name


def test_every_container_has_requests_and_limits(overlay: list[Document]) -> None:
    for name, pod in pods(overlay).items():
        for container in containers(pod):
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), name
            assert "memory" in resources["limits"], name


def test_every_image_has_a_version(overlay: list[Document]) -> None:
    images = {container["image"] for pod in pods(overlay).values() for container in containers(pod)}

    assert [image for image in images if image.endswith(":latest") or ":" not in image] == []


@pytest.mark.rule("OPS-5")
def test_secrets_are_files_and_never_variables(overlay: list[Document]) -> None:
    for name, pod in pods(overlay).items():
        mounted = {
            volume["name"]: volume["secret"] for volume in pod["spec"]["volumes"] if "secret" in volume
        }
        assert [secret for secret in mounted.values() if secret["defaultMode"] != 0o440] == [], name
        for container in containers(pod):
            assert [it for it in container.get("envFrom", []) if "secretRef" in it] == [], name
            assert [it for it in container.get("env", []) if "valueFrom" in it] == [], name
            mount_paths = [it["mountPath"] for it in container["volumeMounts"] if it["name"] in mounted]
            files = [it["value"] for it in container.get("env", []) if it["name"].endswith("_FILE")]
            assert [file for file in files if not file.startswith(tuple(mount_paths))] == [], name


def test_the_local_overlay_has_every_secret_file(overlay: list[Document]) -> None:
    made = {name: set(it.get("data", {})) for name, it in of(overlay, "Secret").items()}
    for name, pod in pods(overlay).items():
        for volume in pod["spec"]["volumes"]:
            required = {
                Path(it["value"]).name
                for container in containers(pod)
                for it in container.get("env", [])
                if it["name"].endswith("_FILE")
            }
            if made and "secret" in volume:
                assert required <= made[volume["secret"]["secretName"]], name


def _peers(policies: dict[str, Document], labels: dict[str, str], way: str) -> list[Any]:
    return [
        rule
        for policy in policies.values()
        if _selects(policy["spec"]["podSelector"], labels) and way.capitalize() in policy["spec"]["policyTypes"]
        for rule in policy["spec"].get(way, [])
    ]  # fmt: skip


def _selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    match_labels = selector.get("matchLabels", {}).items()
    return all(labels.get(key) == value for key, value in match_labels) and all(
        labels.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", [])
    )


@pytest.mark.rule("SEC-10")
def test_all_other_traffic_is_denied(overlay: list[Document]) -> None:
    spec = of(overlay, "NetworkPolicy")["nothing-by-default"]["spec"]

    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.rule("SEC-10")
def test_the_mailer_reaches_only_dns_redis_and_the_mail_server(overlay: list[Document]) -> None:
    policies = of(overlay, "NetworkPolicy")
    ports = {
        port["port"]
        for rule in _peers(policies, {"app.kubernetes.io/name": "mailer"}, "egress")
        for port in rule["ports"]
    }

    assert ports in ({53, 6379, 1025}, {53, 6379, 465, 587})


@pytest.mark.rule("SEC-3")
def test_the_web_processes_reach_only_dns_and_the_database(overlay: list[Document]) -> None:
    policies = of(overlay, "NetworkPolicy")
    rules = _peers(policies, {"app.kubernetes.io/name": "identity"}, "egress")

    assert {port["port"] for rule in rules for port in rule["ports"]} == {53, 5432}
    assert [rule for rule in rules if not rule.get("to")] == []


@pytest.mark.rule("OIDC-22")
def test_notify_alone_reaches_out_and_nothing_reaches_it(overlay: list[Document]) -> None:
    policies = of(overlay, "NetworkPolicy")
    out = _peers(policies, {"app.kubernetes.io/name": "notify"}, "egress")
    others = [
        rule
        for name in OURS - {"notify"}
        for rule in _peers(policies, {"app.kubernetes.io/name": name}, "egress")
    ]

    assert {port["port"] for rule in out for port in rule["ports"]} == {53, 5432, 443}
    assert 443 not in {port["port"] for rule in others for port in rule["ports"]}
    assert [
        rule["ports"][0]["port"] for rule in _peers(policies, {"app.kubernetes.io/name": "notify"}, "ingress")
    ] == [9100]


def test_every_pod_has_an_egress_policy(overlay: list[Document]) -> None:
    policies = of(overlay, "NetworkPolicy")
    lonely = [
        name
        for name, pod in pods(overlay).items()
        if name.partition("/")[2] not in {"redis", "postgres", "smtp"}
        and len(_peers(policies, pod["metadata"]["labels"], "egress")) < 2
    ]

    assert lonely == []


@pytest.mark.rule("OPS-4")
@pytest.mark.parametrize("name", OVERLAYS)
def test_the_tracing_component_configures_every_pod(name: str, tmp_path: Path) -> None:
    traced = render(name, tmp_path, "tracing")

    validate(traced)
    for service, deployment in ((it, of(traced, "Deployment")[it]) for it in OURS):
        pod = deployment["spec"]["template"]
        (own,) = pod["spec"]["containers"]
        (collector,) = [it["value"] for it in own["env"] if it["name"] == "OTEL_EXPORTER_OTLP_ENDPOINT"]
        out = _peers(of(traced, "NetworkPolicy"), pod["metadata"]["labels"], "egress")
        assert int(collector.rpartition(":")[2]) in {port["port"] for it in out for port in it["ports"]}, (
            service
        )


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_changed_setting_or_password_changes_nothing_immutable(name: str, tmp_path: Path) -> None:
    before = render(name, tmp_path / "before")  # each rendering has new passwords
    after = render(name, tmp_path / "after", IDENTITY_LOG_LEVEL="DEBUG")

    assert set(of(before, "ConfigMap")).isdisjoint(of(after, "ConfigMap"))
    assert _immutable(before) == _immutable(after)


def _immutable(documents: list[Document]) -> dict[str, list[Any]]:
    """Return the fields that the API server refuses to change, by kind and name."""
    fields = {
        "Job": ("template", "selector"),
        "Deployment": ("selector",),
        "StatefulSet": ("selector", "serviceName", "volumeClaimTemplates"),
    }
    checked = [it for it in documents if it["kind"] in fields]
    return {name_of(it): [it["spec"].get(field) for field in fields[it["kind"]]] for it in checked}


@pytest.mark.rule("SEC-15")
@pytest.mark.parametrize("name", OVERLAYS)
def test_the_backup_component_dumps_with_least_rights(name: str, tmp_path: Path) -> None:
    documents = render(name, tmp_path, "backup")
    pod = pods(documents)["CronJob/backup"]

    validate(documents)
    test_every_pod_meets_the_restricted_profile([it for it in documents if name_of(it) == "CronJob/backup"])
    script = of(documents, "ConfigMap")[
        next(it["configMap"]["name"] for it in pod["spec"]["volumes"] if "configMap" in it)
    ]
    assert script["data"] == {
        "backup.sh": (ROOT / "deploy/kubernetes/components/backup/backup.sh").read_text()
    }
    out = _peers(of(documents, "NetworkPolicy"), {"app.kubernetes.io/name": "backup"}, "egress")
    assert {port["port"] for it in out for port in it["ports"]} == {53, 5432}


def test_mailers_scale_by_backlog_and_never_below_one(production: list[Document]) -> None:
    spec = of(production, "ScaledObject")["mailer"]["spec"]
    words = {word for trigger in spec["triggers"] for word in trigger["metadata"]}

    assert spec["minReplicaCount"] == 1
    assert {"lagCount", "pendingEntriesCount", "query"} <= words
    assert {trigger["metadata"].get("consumerGroup", "mailer") for trigger in spec["triggers"]} == {"mailer"}
    assert "replicas" not in of(production, "Deployment")["mailer"]["spec"]


def test_the_prometheus_query_is_in_the_catalogue_of_metrics(production: list[Document]) -> None:
    triggers = of(production, "ScaledObject")["mailer"]["spec"]["triggers"]
    (query,) = [it["metadata"]["query"] for it in triggers if it["type"] == "prometheus"]
    catalogue = (ROOT / "deploy" / "observability" / "metrics.md").read_text()

    assert re.findall(r"`(\w+)`", catalogue).count(query.partition("(")[2].partition("{")[0]) == 1


def test_the_comment_lists_the_files_of_each_secret(production: list[Document]) -> None:
    comment = (ROOT / "deploy/kubernetes/overlays/production/kustomization.yaml").read_text()
    listed = {
        name: set(files.split())
        for name, files in re.findall(r"^#     (\w+-secrets): (.+)$", comment, re.MULTILINE)
    }
    mounted: dict[str, set[str]] = {}
    for pod in pods(production).values():
        (secret,) = [it["secret"]["secretName"] for it in pod["spec"]["volumes"] if "secret" in it]
        for container in containers(pod):
            files = {it["value"] for it in container["env"] if it["name"].endswith("_FILE")}
            mounted.setdefault(secret, set()).update(Path(file).name for file in files)
    for parameter in of(production, "TriggerAuthentication")["mailer-scaler"]["spec"]["secretTargetRef"]:
        mounted.setdefault(parameter["name"], set()).add(parameter["key"])

    assert listed == mounted


def test_each_budget_selects_its_deployment(overlay: list[Document]) -> None:
    for name, budget in of(overlay, "PodDisruptionBudget").items():
        labels = of(overlay, "Deployment")[name]["spec"]["template"]["metadata"]["labels"]
        assert _selects(budget["spec"]["selector"], labels), name


def test_each_service_finds_pods_and_their_ports(overlay: list[Document]) -> None:
    for name, service in of(overlay, "Service").items():
        selector = {"matchLabels": service["spec"]["selector"]}
        found = [it for it in pods(overlay).values() if _selects(selector, it["metadata"]["labels"])]
        ports = {
            port["name"]
            for pod in found
            for container in containers(pod)
            for port in container.get("ports", [])
        }
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports, name


def test_no_cluster_secret_is_in_the_repository() -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "deploy"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert [path for path in tracked.stdout.split() if f"{os.sep}secrets{os.sep}" in path] == []
