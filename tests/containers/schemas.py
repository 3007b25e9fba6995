"""The schemas of Kubernetes' own kinds and of other projects' kinds (`make clients` fetches the latter)."""

from functools import cache
from typing import Any

import jsonschema_rs
import kubernetes_validate
import pytest
import yaml

from tests.containers.manifests import Document
from tests.support import ROOT

KUBERNETES_VERSION = "1.37"
_SCHEMAS = ROOT / ".venv/tools/schemas"


def validate(documents: list[Document]) -> list[Document]:
    """Validate the documents of Kubernetes' kinds; return the other documents."""
    custom = []
    for document in documents:
        try:
            kubernetes_validate.validate(document, KUBERNETES_VERSION, strict=True)
        except kubernetes_validate.SchemaNotFoundError:
            custom.append(document)
    return custom


def validate_custom(document: Document) -> None:
    """Validate a document of another project's kind. Skips the test if the schemas were not fetched."""
    _validator(document["kind"], document["apiVersion"]).validate(document)


@cache
def _validator(kind: str, api_version: str) -> jsonschema_rs.Draft202012Validator:
    group, _, version = api_version.partition("/")
    path = _SCHEMAS / f"{group}_{kind.lower()}s.yaml"
    if not _SCHEMAS.is_dir():
        pytest.skip("Go could not fetch the schemas of kinds of other projects (make clients)")
    versions = yaml.load(path.read_text(), yaml.CSafeLoader)["spec"]["versions"]
    (schema,) = [it["schema"]["openAPIV3Schema"] for it in versions if it["name"] == version]
    schema["properties"]["metadata"] = {"type": "object"}
    return jsonschema_rs.Draft202012Validator(_closed(schema))


def _closed(schema: Any) -> Any:
    """Return the schema with additional properties forbidden, because Kubernetes drops them silently."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema and not schema.keys() & _OPEN:
        closed["additionalProperties"] = False
    return closed


_OPEN = {"additionalProperties", "x-kubernetes-preserve-unknown-fields"}
