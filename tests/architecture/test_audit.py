"""Routes that change data or serve operators and services, and commands, write audit rows or are listed (SEC-11)."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

import click
import pytest
from flask import Flask
from identity.cli import main
from identity.cli.openapi import application
from identity.usecases.audit.recording import record_refusal

WRITES = frozenset({"record_action", "record_event", "record_read"})
ENTRY = frozenset({"Entry", "of"})
CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

ROUTES = {
    "polled continuously; the permission is audited as `client.added` and `client.rights_set`": {
        "GET /api/v1/events",
        "GET /api/v1/snapshot",
    },
    "reads no personal data; `client.oidc_set` records the registration": {
        "GET /api/v1/admin/clients/<name>/oidc",
    },
    "audited as `grant.opened` if it succeeds": {
        "POST /authorize/<request_id>/cancel",
        "POST /authorize/<request_id>/company",
        "POST /authorize/<request_id>/consent",
        "POST /oauth/authorize",
        "POST /oauth/par",
        "POST /oauth/logout",
    },
    "services call it with every request; `client.oidc_set` and `client.rights_set` record the permission": {
        "POST /oauth/introspect",
    },
    "clients call it with an access token; `grant.opened` records the grant behind the token": {
        "POST /oauth/userinfo"
    },
    "checks form input while it is typed": {
        "POST /apply/<any(general, link):kind>/check",
        "POST /password/reset/check",
        "POST /profile/check",
        "POST /verification/mailbox/check",
        "POST /profile/password/check",
    },
}
COMMANDS = {
    "starts a process": {"serve", "relay", "notify"},
    "changes tables, not data, and runs before the log exists": {"migrate"},
    "reads no personal data": {
        "check",
        "openapi",
        "clients list",
        "logouts list",
        "clients show",
        "events status",
        "audit verify",
        "audit anchor",
    },
    "prints SQL, and reads no database": {"database roles"},
    "prints keys of its environment or new ones, and reads no database": {
        "keys new",
        "keys list",
        "keys rotate signing",
        "keys rotate audit",
        "keys rotate oidc",
        "keys rotate seal",
        "keys rotate sign",
    },
}


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that a function and the functions inside it use."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def modules_of(function: FunctionType, names: frozenset[str]) -> Iterator[ModuleType]:
    """Yield the identity modules a function imports or has as globals, and the submodules it names."""
    found = [importlib.import_module(name) for name in names if name.startswith("identity.")]
    found += [value for name in names if isinstance(value := function.__globals__.get(name), ModuleType)]
    for module in found:
        yield module
        inside = {each.name for each in pkgutil.iter_modules(getattr(module, "__path__", ()))}
        yield from (importlib.import_module(f"{module.__name__}.{name}") for name in inside & names)


def called_by(function: FunctionType) -> Iterator[FunctionType]:
    """Yield identity's functions that a function may call: by name, from its closure, or because it wraps them."""
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    names = frozenset([*names_in(function.__code__), *(each for each in cells if isinstance(each, str))])
    scopes: list[Any] = [function.__globals__, *(vars(each) for each in modules_of(function, names))]
    values = [scope[name] for scope in scopes for name in names if name in scope]
    values += [*cells, *vars(function).values()]
    for value in values:
        is_ours = isinstance(value, FunctionType) and value.__module__.startswith("identity.")
        if is_ours and value is not record_refusal:
            yield value


def writes(function: Callable[..., Any]) -> bool:
    """Return whether a function, or a function that it may call, writes an audit row other than a refusal's."""
    return any(names & WRITES or names >= ENTRY for names in names_reached_from(function))


def names_reached_from(function: Callable[..., Any]) -> Iterator[frozenset[str]]:
    """Yield the names used in a function and in each function that it may call."""
    assert isinstance(function, FunctionType)
    seen, pending = {function}, [function]
    while pending:
        each = pending.pop()
        yield frozenset(names_in(each.__code__))
        new = set(called_by(each)) - seen
        seen |= new
        pending += new


def routes(app: Flask) -> Iterator[tuple[str, FunctionType]]:
    """Yield each route that changes data or calls `require_service`, with its view."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if not isinstance(view, FunctionType):
            continue  # Flask's view of static files
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if method in CHANGES or any("require_service" in names for names in names_reached_from(view)):
                yield f"{method} {rule.rule}", view


def commands(group: click.Group, path: str = "") -> Iterator[tuple[str, FunctionType]]:
    """Yield every command with its full name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path}{name} ")
        else:
            assert isinstance(command.callback, FunctionType)
            yield path + name, command.callback


@pytest.mark.rule("SEC-11")
@pytest.mark.parametrize("kind", ["route", "command"])
def test_each_route_and_command_writes_a_row_or_is_listed_with_a_reason(kind: str) -> None:
    found = dict(routes(application()) if kind == "route" else commands(main))
    listed = set().union(*(ROUTES if kind == "route" else COMMANDS).values())

    silent = {name for name, function in found.items() if not writes(function)}

    assert silent == listed
    assert len(found) > len(listed)


@pytest.mark.rule("SEC-11")
def test_a_function_that_only_refuses_writes_no_row() -> None:
    from identity.http.service_auth import require_service
    from identity.usecases import account_queries

    assert (writes(require_service), writes(account_queries.details)) == (False, False)
    assert writes(inspect.unwrap(account_queries.show))
