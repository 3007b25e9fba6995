"""`identity check`: check the settings of a process, its database and Redis (OPS-5)."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Final

import click
from port_runtime.check_command import print_waiting, wait_option
from port_runtime.signals import interrupt_on_sigterm

from identity.cli.operator import read_settings
from identity.cli.output import as_json

if TYPE_CHECKING:
    from port_runtime.health import Check
    from sqlalchemy import Engine

    from identity.usecases.ports.passwords import Passwords


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks:
    """The checks of one process, and texts by name that are printed but never fail."""

    checks: list["Check"]
    warnings: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def _check_web() -> Iterator[_Checks]:
    from port_runtime.health import Check

    from identity.bootstrap.commands import open_dependencies
    from identity.bootstrap.token_signer import signing_key_report
    from identity.settings.web import WebSettings

    settings = read_settings(WebSettings)
    with open_dependencies(settings, signs=settings.oidc_keys is not None) as (ports, engine):
        report = signing_key_report(settings.oidc_keys, ports.clock)
        hashing = Check("passwords", cache(partial(_hash_password, ports.passwords)))
        yield _Checks(checks=[*_database(engine), hashing], warnings={"oidc_keys": report})


def _hash_password(passwords: "Passwords") -> None:
    """Hash a password as a login does, because the system may refuse the memory or the threads that this needs."""
    passwords.hash("password")


@contextmanager
def _check_relay() -> Iterator[_Checks]:
    from port_events.redis_client import leads_to_cluster
    from port_runtime.health import Check, Unhealthy
    from port_runtime.metrics import Instruments

    from identity.bootstrap.relay import build_relay
    from identity.metrics.relay import RELAY
    from identity.settings.relay import RelaySettings

    settings = read_settings(RelaySettings)
    with closing(build_relay(settings, Instruments(RELAY))) as dependencies:

        def check_redis() -> None:
            if leads_to_cluster(settings.redis_url.reveal()):
                raise Unhealthy("a Redis Cluster, which is not supported")
            dependencies.stream.check_writable()

        yield _Checks(checks=[*_database(dependencies.engine), Check("redis", check_redis)])


@contextmanager
def _check_notify() -> Iterator[_Checks]:
    from port_runtime.metrics import Instruments

    from identity.bootstrap.notify import build_notify
    from identity.bootstrap.token_signer import signing_key_report
    from identity.metrics.notify import NOTIFY
    from identity.settings.notify import NotifySettings

    settings = read_settings(NotifySettings)
    with closing(build_notify(settings, Instruments(NOTIFY))) as dependencies:
        report = signing_key_report(settings.oidc_keys, dependencies.ports.clock)
        yield _Checks(checks=_database(dependencies.engine), warnings={"oidc_keys": report})


@contextmanager
def _check_tidy() -> Iterator[_Checks]:
    from identity.bootstrap.tidy import open_tidy
    from identity.settings.tidy import TidySettings

    with open_tidy(read_settings(TidySettings)) as (_ports, engine):
        yield _Checks(checks=_database(engine))


_PROCESSES: Final[Mapping[str, Callable[[], AbstractContextManager[_Checks]]]] = {
    "web": _check_web,
    "relay": _check_relay,
    "notify": _check_notify,
    "tidy": _check_tidy,
}


def _database(engine: "Engine") -> list["Check"]:
    from port_runtime.health import Check

    from identity.adapters.sql.engine import database_probe
    from identity.adapters.sql.migration_runner import revision_probe

    return [Check("database", database_probe(engine)), Check("migrations", revision_probe(engine))]


@click.command()
@click.option(
    "--as",
    "process",
    type=click.Choice(list(_PROCESSES)),
    default="web",
    show_default=True,
    help="The process whose settings and servers are checked.",
)
@wait_option
@as_json
def check(*, process: str, wait_seconds: int, as_json: bool) -> None:
    """Check settings, keys, the database, its migrations, and Redis and password hashing if the process needs them.

    Exits with 1 if a check fails, and with 2 if a setting is wrong. Warns if IDENTITY_OIDC_KEYS is missing, or if
    a current signing key is older than 365 days or has neither `nbf` nor `iat`.
    """
    interrupt_on_sigterm()
    from port_runtime.health import wait_until_healthy

    import identity.adapters.sql.migration_runner  # noqa: F401  # before logging is configured: alembic logs at import

    with _PROCESSES[process]() as found:
        report = wait_until_healthy(found.checks, timeout_seconds=wait_seconds, report_change=print_waiting)
    results = {"settings": "ok", **report.results, **found.warnings}
    click.echo(
        json.dumps(results) if as_json else "\n".join(f"{name}: {found}" for name, found in results.items())
    )
    sys.exit(0 if report.ok else 1)
