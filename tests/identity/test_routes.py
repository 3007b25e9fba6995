"""Addresses are compiled when the first one is built, not at the start (identity/http/routes.py)."""

import pytest
from flask import Flask, url_for
from identity.http.routes import Route
from werkzeug.routing import Rule

_COMPILE = Rule._compile_builder  # noqa: SLF001 - the hook itself


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rules that Werkzeug compiled an address' code for."""
    rules: list[str] = []

    def noted(rule: Rule, append_unknown: bool = True) -> object:  # noqa: FBT001, FBT002 - Werkzeug's signature
        rules.append(rule.rule)
        return _COMPILE(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", noted)
    return rules


def test_a_route_is_compiled_once_on_its_first_request(compiled: list[str]) -> None:
    app = Flask("bare", static_folder=None)
    app.url_rule_class = Route
    for path in ("/accounts/<account_id>", "/sessions/<uuid:session_id>"):
        app.add_url_rule(path, path.split("/")[1], lambda **_named: "")
    at_the_start = list(compiled)

    with app.test_request_context():
        addresses = [url_for("accounts", account_id="ü ä", page=number) for number in (1, 2)]

    assert at_the_start == []
    assert addresses == ["/accounts/%C3%BC%20%C3%A4?page=1", "/accounts/%C3%BC%20%C3%A4?page=2"]
    assert compiled == ["/accounts/<account_id>"]


def test_a_percent_encoded_path_is_decoded_as_by_flask() -> None:
    app = Flask("bare", static_folder=None)
    app.url_rule_class = Route
    app.add_url_rule("/accounts/<object>", "accounts", str)

    answer = app.test_client().get("/accounts/%C3%BC")

    assert answer.text == "ü"
