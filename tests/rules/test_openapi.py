"""Schemathesis tests the running service against its OpenAPI document (SEC-13)."""

import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, TypeAlias

import httpx
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # ignores warnings of the tool and its dependencies at import
    import schemathesis
    from schemathesis import APIOperation, Case, GenerationMode, Response
    from schemathesis.core.result import Ok

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from identity.domain.service_client import SCOPES
from identity.http.api.openapi import operations

from tests.support.actors.service_clients import service_visitor
from tests.support.harness.fixtures import StartSystem
from tests.support.harness.settings import PUBLIC_URL
from tests.support.harness.system import System

EXAMPLES = 6
"""The number of requests per operation, visitor and mode (positive and negative)."""
PROBLEM = "application/problem+json"

PUBLIC = {
    ("GET", "/api/v1/consents"),
    ("POST", "/api/v1/accounts"),
    ("POST", "/api/v1/email-changes/cancel"),
    ("POST", "/api/v1/email-verifications/confirm"),
    ("POST", "/api/v1/password-resets"),
    ("POST", "/api/v1/password-resets/confirm"),
    ("POST", "/api/v1/sessions"),
    ("POST", "/api/v1/username-reminders"),
}

Operation: TypeAlias = "APIOperation[Any, Any, Any, Any]"
AnyCase: TypeAlias = "Case[Any]"

pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisDeprecationWarning")


@pytest.fixture
def roomy(start_system_on_postgresql: StartSystem) -> System:
    """A system that locks no client address after failed logins, on the faster database."""
    return start_system_on_postgresql(IDENTITY_LOGIN_FAILURES_PER_ADDRESS="1000000")


def _operations(system: System) -> list[Operation]:
    document = httpx.get(f"{system.url}/openapi.json", timeout=30).json()
    found = list(schemathesis.openapi.from_dict(document).get_all_operations())
    assert all(isinstance(each, Ok) for each in found), found
    return [each.ok() for each in found if isinstance(each, Ok)]


def _is_as_documented(operation: Operation, answer: Response) -> None:
    documented = operation.definition.raw["responses"]
    said = f"{operation.label}: {answer.status_code} {answer.text[:300]}"
    assert answer.status_code < 500, said
    assert str(answer.status_code) in documented, f"not documented: {said}"
    types = documented[str(answer.status_code)].get("content", {})
    media_type = (answer.headers.get("content-type") or [""])[0].partition(";")[0]
    assert media_type in types or answer.text in {"", "{}\n"}, f"{media_type} is not documented: {said}"
    if answer.status_code >= 400:
        assert (media_type, answer.json()["status"]) == (PROBLEM, answer.status_code), said


def _try_out(
    system: System, operation: Operation, *, mode: GenerationMode, log_ins: Iterable[Callable[[], str | None]]
) -> None:
    """Send each generated request as every visitor."""
    tokens = [log_in() for log_in in log_ins]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def check(case: AnyCase) -> None:
        for token in tokens:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            _is_as_documented(operation, case.call(base_url=system.url, headers=headers))

    with suppress(Unsatisfiable):  # an operation without input has no invalid request
        check()


@pytest.mark.rule("SEC-13")
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_every_operation_answers_as_documented_and_never_with_a_500(
    roomy: System, mode: GenerationMode
) -> None:
    general, link = roomy.person(), roomy.person("link")
    service = service_visitor(roomy, *SCOPES)
    log_ins = [
        lambda: None,
        lambda: roomy.logged_in(general).token,
        lambda: roomy.logged_in(link).token,
        lambda: service.token,
    ]

    for operation in _operations(roomy):
        _try_out(roomy, operation, mode=mode, log_ins=log_ins)


@pytest.mark.rule("SEC-13")
def test_the_document_covers_every_call_of_the_api(system: System) -> None:
    routes = {
        (method, rule.rule)
        for rule in system.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/v1/")
    }

    documented = {(operation.method.upper(), operation.path) for operation in _operations(system)}

    assert len(documented) == len(routes)
    assert {path.partition("{")[0] for _, path in documented} == {
        path.partition("<")[0] for _, path in routes
    }


def test_every_operation_has_a_unique_id_and_declares_whether_it_needs_a_login(system: System) -> None:
    document = httpx.get(f"{system.url}/openapi.json", timeout=30).json()
    found = operations(document)

    ids = {operation["operationId"] for operation in found.values()}

    assert len(ids) == len(found)
    assert {call for call, operation in found.items() if not operation["security"]} == PUBLIC
    assert document["servers"] == [{"url": PUBLIC_URL}]
