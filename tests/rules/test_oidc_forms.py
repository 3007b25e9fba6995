"""OAuth endpoints read forms strictly; what they cannot read gets an OAuth error, never a failure (OIDC-3)."""

from collections.abc import Iterator

import pytest
from httpx import Response
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.harness.system import System

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


BODIES = st.binary(max_size=60) | PARAMETERS.map(encoded)
TYPES = st.sampled_from(
    [FORM, f"{FORM}; charset=utf-16", "application/json", "multipart/form-data; boundary=a", ""]
)
AUTHORIZATIONS = st.sampled_from(
    ["", "Basic", "Basic ////", "Basic AP8A", "Bearer x", "DPoP x", "Negotiate \xff"]
)


def endpoints(system: System) -> Iterator[str]:
    for rule in system.app.url_map.iter_rules():
        if rule.endpoint.startswith("oauth_") and "POST" in (rule.methods or set()):
            yield rule.rule


def send(system: System, path: str, body: bytes, media_type: str = FORM, authorization: str = "") -> Response:
    headers = [(b"Content-Type", media_type.encode()), (b"Authorization", authorization.encode("latin-1"))]
    return system.visitor().http.post(path, content=body, headers=[each for each in headers if each[1]])


@pytest.mark.rule("OIDC-3")
def test_malformed_forms_get_an_oauth_error_at_every_endpoint(system: System) -> None:
    paths = list(endpoints(system))

    @settings(max_examples=120, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(path=st.sampled_from(paths), body=BODIES, media_type=TYPES, authorization=AUTHORIZATIONS)
    @example(path=paths[0], body=b"a=" + b"%41" * 3000, media_type=FORM, authorization="")
    @example(path=paths[0], body=b"&".join([b"a=1"] * 100), media_type=FORM, authorization="")
    def refused(path: str, body: bytes, media_type: str, authorization: str) -> None:
        answer = send(system, path, body, media_type, authorization)

        assert 400 <= answer.status_code < 500, answer.text
        assert isinstance(answer.json()["error"], str)
        assert answer.headers["Cache-Control"] == "no-store"

    refused()


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
def test_a_form_is_refused_as_a_whole(system: System, body: bytes, media_type: str, status: int) -> None:
    answers = [send(system, path, body, media_type) for path in endpoints(system)]

    assert {(each.status_code, each.json()["error"]) for each in answers} == {(status, "invalid_request")}


@pytest.mark.rule("OIDC-3")
def test_a_form_in_chunks_has_the_same_limit(system: System) -> None:
    for path in endpoints(system):
        answer = system.visitor().http.post(
            path, content=iter([b"a=" + b"a" * 8191, b"a" * 60_000]), headers={"Content-Type": FORM}
        )

        assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")
