"""OAuth endpoints parse forms strictly, and a malformed form never causes a server error (OIDC-3)."""

from collections.abc import Iterator

import pytest
from httpx import Client, Response
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.actors.oidc_clients import issue_code, open_grant, register_oidc_client
from tests.support.harness.system import System

FOR_BROWSERS = {"/oauth/authorize", "/oauth/logout"}
"""Endpoints that answer with pages and redirects."""
USERINFO = "/oauth/userinfo"
"""An endpoint that needs no form."""
FORM = "application/x-www-form-urlencoded"
NAMES = ("grant_type", "client_id", "client_secret", "client_assertion", "client_assertion_type", "code", "scope",
         "redirect_uri", "code_verifier", "refresh_token", "resource", "audience", "token", "request_uri", "request",
         "subject_token", "actor_token", "claims", "state", "nonce", "%00", "")  # fmt: skip
VALUES = (
    "",
    "authorization_code",
    "refresh_token",
    "a",
    "%zz",
    "%ff",
    "%00",
    "%",
    "+",
    "é",
    "a" * 300,
    "%ed%a0%80",
)
PARAMETERS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.text(max_size=20)), max_size=8
)


def encoded(parameters: list[tuple[str, str]]) -> bytes:
    return "&".join(f"{name}={value}" for name, value in parameters).encode("utf-8", "surrogatepass")


GRANT_TYPES = ("authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange", "")
BODIES = st.binary(max_size=60) | PARAMETERS.map(encoded)
TYPES = st.sampled_from(
    [FORM, f"{FORM}; charset=utf-16", "application/json", "multipart/form-data; boundary=a", ""]
)
AUTHORIZATIONS = st.sampled_from(
    ["", "Basic", "Basic ////", "Basic AP8A", "Bearer x", "DPoP x", "Negotiate \xff"]
)


def endpoints(system: System) -> Iterator[str]:
    """Yield the path of each OAuth endpoint that accepts forms."""
    for rule in system.app.url_map.iter_rules():
        if rule.endpoint.startswith("oauth_") and "POST" in (rule.methods or set()):
            yield rule.rule


def send(http: Client, path: str, body: bytes, media_type: str = FORM, authorization: str = "") -> Response:
    headers = [(b"Content-Type", media_type.encode()), (b"Authorization", authorization.encode("latin-1"))]
    return http.post(path, content=body, headers=[each for each in headers if each[1]])


@pytest.mark.rule("OIDC-3")
def test_malformed_forms_get_an_oauth_error_at_every_endpoint(system: System) -> None:
    paths, http = list(endpoints(system)), system.visitor().http

    @settings(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(path=st.sampled_from(paths), body=BODIES, media_type=TYPES, authorization=AUTHORIZATIONS)
    @example(path=paths[0], body=b"a=" + b"%41" * 3000, media_type=FORM, authorization="")
    @example(path=paths[0], body=b"&".join([b"a=1"] * 100), media_type=FORM, authorization="")
    def refused(path: str, body: bytes, media_type: str, authorization: str) -> None:
        answer = send(http, path, body, media_type, authorization)

        assert answer.status_code < 500, answer.text
        if path not in FOR_BROWSERS:
            assert (answer.is_client_error, type(answer.json()["error"])) == (True, str)
            assert answer.headers["Cache-Control"] == "no-store"

    refused()


@pytest.mark.rule("OIDC-3", "OIDC-18")
def test_an_authenticated_client_with_a_malformed_form_gets_an_oauth_error_too(system: System) -> None:
    paths, http = list(endpoints(system)), system.visitor().http
    service = register_oidc_client(system, "tokens:introspect", may_refresh=True)
    code = issue_code(system, open_grant(system, service.name, system.person()))

    @settings(max_examples=80, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(path=st.sampled_from(paths), grant_type=st.sampled_from(GRANT_TYPES), parameters=PARAMETERS)
    def answered(path: str, grant_type: str, parameters: list[tuple[str, str]]) -> None:
        parameters = [*parameters, ("grant_type", grant_type), ("code", code)]
        answer = send(http, path, encoded(parameters), FORM, service.basic)

        assert answer.status_code < 500, answer.text
        assert path in FOR_BROWSERS or answer.is_success or isinstance(answer.json()["error"], str)

    answered()


@pytest.mark.rule("OIDC-3")
@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"grant_type=a&grant_type=a", FORM, 400),
        (b"foreign=a&foreign=b", FORM, 400),
        (b"grant_type=%ff", FORM, 400),
        (b"grant_type=%zz", FORM, 400),
        (b"grant_type=a%00", FORM, 400),
        (b"grant_type=\xff", FORM, 400),
        (b"a=" + b"a" * 8192, FORM, 413),
        (b'{"grant_type": "a"}', "application/json", 415),
    ],
)
def test_a_form_with_a_malformed_part_is_refused(
    system: System, body: bytes, media_type: str, status: int
) -> None:
    http = system.visitor().http

    answers = [
        send(http, path, body, media_type) for path in set(endpoints(system)) - FOR_BROWSERS - {USERINFO}
    ]

    assert len(answers) >= 4
    assert {(each.status_code, each.json()["error"]) for each in answers} == {(status, "invalid_request")}


@pytest.mark.rule("OIDC-3")
def test_a_form_in_chunks_has_the_same_limit(system: System) -> None:
    for path in set(endpoints(system)) - FOR_BROWSERS:
        answer = system.visitor().http.post(
            path, content=iter([b"a=" + b"a" * 8191, b"a" * 60_000]), headers={"Content-Type": FORM}
        )

        assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")
