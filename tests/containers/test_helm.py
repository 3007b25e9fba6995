"""The Helm chart renders the same objects as the kustomize manifests, and refuses wrong values."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.containers.manifests import KUBERNETES, Document, build, load, name_of, pods, render
from tests.support import ROOT
from tests.support.servers.optional_programs import HELM

CHART = ROOT / "deploy/helm"
SCALING = {"HorizontalPodAutoscaler", "ScaledObject", "TriggerAuthentication"}
"""Kinds of the overlay that are not part of the chart."""


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([HELM.require(), *arguments], capture_output=True, text=True, check=False)


def template(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    options = ("--namespace", "port-identity", "--kube-version", "1.34.0")
    return helm("template", "pass", CHART, *options, *arguments)


def chart(*arguments: str | Path) -> dict[str, Document]:
    """Return the chart's objects by name, without the Job's revision and the checksum of the settings."""
    done = template(*arguments)
    assert done.returncode == 0, done.stderr
    documents = load(done.stdout)
    for document in documents:
        if document["kind"] == "Job":
            document["metadata"]["name"] = document["metadata"]["name"].removesuffix("-1")
    for pod in pods(documents).values():
        if annotations := pod["metadata"].pop("annotations", None):
            assert set(annotations) == {"checksum/settings"}
    return {name_of(it): it for it in documents}


def by_name(documents: list[Document]) -> dict[str, Document]:
    """Return kustomize's objects by name, without the hash in the name of the ConfigMap."""
    text = json.dumps(documents, default=str)
    for document in documents:
        if document["kind"] == "ConfigMap":
            text = text.replace(f'"{document["metadata"]["name"]}"', '"settings"')
    return {name_of(it): it for it in json.loads(text)}


def without_namespace(documents: list[Document]) -> list[Document]:
    """Return all objects except the namespace, which must exist before the Secrets; Helm adopts no existing object."""
    return [it for it in documents if it["kind"] != "Namespace"]


def kustomize(directory: Path, *components: str, **settings: str) -> dict[str, Document]:
    """Return the objects of the base with components by name."""
    shutil.copytree(KUBERNETES, directory / "kubernetes", ignore=shutil.ignore_patterns("secrets"))
    shutil.copytree(KUBERNETES.with_name("observability"), directory / "observability")
    own = directory / "kubernetes/own"
    own.mkdir()
    text: dict[str, Any] = {
        "namespace": "port-identity",
        "resources": ["../base"],
        "components": [f"../components/{it}" for it in components],
        "labels": [{"pairs": {"app.kubernetes.io/part-of": "port-identity"}, "includeTemplates": True}],
        "configMapGenerator": [{"name": "settings", "literals": [f"{k}={v}" for k, v in settings.items()]}],
    }
    (own / "kustomization.yaml").write_text(yaml.safe_dump(text))
    return by_name(without_namespace(build(own)))


@pytest.mark.parametrize("components", [(), ("gateway", "tracing"), ("ingress", "kube-prometheus-stack")])
def test_the_chart_renders_the_objects_of_the_base_and_its_components(
    components: tuple[str, ...], tmp_path: Path
) -> None:
    values = [f"--set=components.{it}=true" for it in components]
    settings = {"IDENTITY_MODE": "production", "IDENTITY_PUBLIC_URL": "https://pass.example.tw"}

    assert chart(*values) == kustomize(tmp_path, *components, **settings)


def test_the_chart_renders_the_objects_of_the_production_overlay(tmp_path: Path) -> None:
    overlay = [it for it in without_namespace(render("production", tmp_path)) if it["kind"] not in SCALING]

    assert chart("--values", CHART / "production-values.yaml") == by_name(overlay)


@pytest.mark.parametrize("component", ["ingress", "gateway"])
def test_requests_from_outside_are_admitted_for_the_public_host(component: str) -> None:
    public_url = "https://pass.agency.example:8443"

    objects = chart(f"--set=components.{component}=true", f"--set=settings.IDENTITY_PUBLIC_URL={public_url}")

    outside = [it["spec"] for it in objects.values() if it["kind"] in {"Ingress", "HTTPRoute"}]
    assert outside
    for spec in outside:
        hosts = spec.get("hostnames") or [*spec["tls"][0]["hosts"], spec["rules"][0]["host"]]
        assert set(hosts) == {"pass.agency.example"}


def test_alerts_link_to_the_runbook_of_the_values() -> None:
    runbook = "https://wiki.example/runbook"

    objects = chart("--set=components.kube-prometheus-stack=true", f"--set=runbookUrl={runbook}")

    (rules,) = (it["spec"] for it in objects.values() if it["kind"] == "PrometheusRule")
    links = {rule["annotations"]["runbook_url"] for group in rules["groups"] for rule in group["rules"]}
    assert {link.partition("#")[0] for link in links} == {runbook}


def test_helm_lint_accepts_the_chart() -> None:
    for values in ((), ("--values", CHART / "production-values.yaml")):
        done = helm("lint", "--strict", "--kube-version", "1.34.0", CHART, *values)

        assert (done.returncode, "[WARNING]" in done.stdout) == (0, False), done.stdout + done.stderr


@pytest.mark.parametrize(
    "wrong",
    [
        "components.ingress=true,components.gateway=true",
        "components.traefik=true",
        "replica.identity=2",
        "replicas.identity=-1",
        "images.identity.digest=latest",
        "patches.Ingress/identity.spec.ingressClassName=nginx",
    ],
)
def test_a_wrong_value_is_refused(wrong: str) -> None:
    done = template(f"--set={wrong}")

    assert done.returncode != 0
    assert wrong.partition("=")[0].split(".")[0] in done.stderr


def test_a_changed_setting_restarts_the_pods_that_read_it() -> None:
    first, second = (
        pods(load(template(f"--set=settings.IDENTITY_REVIEW={review}").stdout)) for review in ("both", "none")
    )

    assert {name for name in first if first[name] == second[name]} == {"Job/migrate-1"}


def test_a_digest_pins_an_image() -> None:
    digest = f"sha256:{'0' * 64}"

    (container,) = pods([*chart(f"--set=images.identity.digest={digest}").values()])["Deployment/identity"][
        "spec"
    ]["containers"]

    assert container["image"] == f"port-identity@{digest}"
