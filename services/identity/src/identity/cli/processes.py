"""`identity serve`, `relay`, `migrate`, `tidy`, `check` and `openapi`: processes and one-off jobs."""

import json
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from port_runtime import multiprocess_metrics

from identity.cli.base import as_json, read_settings
from identity.settings import DatabaseSettings, RelaySettings, TidySettings, WebSettings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from identity.usecases.ports import Ports


@click.command()
def serve() -> None:
    """Serve portal and API with gunicorn, in the foreground."""
    settings = read_settings(WebSettings)
    # Before prometheus_client is imported: it decides at import whether processes share their metrics.
    shared = multiprocess_metrics.create_directory("identity-metrics-") if settings.metrics_bind else None
    try:
        from identity.processes.gunicorn_server import Server

        server = Server(settings, shared)
    except BaseException:
        if shared:
            multiprocess_metrics.remove_directory(shared)  # once it runs, gunicorn's exit hook does
        raise
    server.run()


@click.command()
def relay() -> None:
    """Publish events from the outbox; any number may run, one of them is active."""
    from identity.processes.relay import serve as run

    settings = read_settings(RelaySettings)
    run(settings)


@click.command()
def migrate() -> None:
    """Bring the database up to date; may run repeatedly and concurrently."""
    _interrupt_on_sigterm()
    from identity.adapters.sql.engine import open_engine
    from identity.adapters.sql.migrations import migrate as run

    settings = read_settings(DatabaseSettings)
    before, after = run(open_engine(settings.database_url.reveal()))
    click.echo(
        f"database: {before or 'empty'} -> {after}" if before != after else f"database: {after}, up to date"
    )


@click.command()
@as_json
def tidy(*, as_json: bool) -> None:
    """Expire what was not verified in time, suspend idle accounts, and delete what is past its retention."""
    _interrupt_on_sigterm()
    from identity.adapters.sql.purger import SqlPurger
    from identity.bootstrap.ports import open_dependencies
    from identity.domain.audit import Caller
    from identity.usecases.retention import clean_up as run

    settings = read_settings(TidySettings)
    with open_dependencies(read_settings(WebSettings)) as dependencies:
        engine = dependencies.engine
        by_tidy = dependencies.ports.by(Caller(kind="system", name="tidy"))
        tidied = run(by_tidy, SqlPurger(engine))
        counts = {
            "accounts": tidied.accounts,
            "bindings": tidied.bindings,
            "email_changes": tidied.email_changes,
            "idle": _suspend_idle(by_tidy, settings),
            "rows": tidied.rows,
            "facts": tidied.events,
            "audit_rows": _prune_audit(by_tidy, engine, settings),
        }
    line = (
        "lapsed accounts: {accounts}, lapsed bindings: {bindings}, forgotten email changes: {email_changes}, "
        "suspended idle accounts: {idle}, "
        "dropped rows: {rows}, dropped facts: {facts}, dropped rows of the audit log: {audit_rows}"
    )
    click.echo(json.dumps(counts) if as_json else line.format(**counts))


def _interrupt_on_sigterm() -> None:
    """Handle SIGTERM as an interrupt: the first process of a container ignores signals that have no handler.

    On an interrupt the driver cancels the running statement on the server.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _suspend_idle(ports: "Ports", settings: TidySettings) -> int:
    from identity.usecases.retention import suspend_idle

    if settings.idle_disabled is None:
        return 0
    return suspend_idle(ports, timedelta(seconds=settings.idle_disabled))


def _prune_audit(ports: "Ports", engine: "Engine", settings: TidySettings) -> int:
    """Delete whole segments past their retention; without keys there are none."""
    from identity.adapters.sql.audit_chain import SqlAuditChain
    from identity.adapters.tokens import seal_keys
    from identity.usecases.audit.chaining import prune

    keys = seal_keys(settings.audit_keys)
    if keys is None:
        return 0
    before = ports.clock.now() - timedelta(seconds=settings.audit_kept)
    return prune(ports, SqlAuditChain(engine), keys, before=before)


@click.command()
@as_json
def check(*, as_json: bool) -> None:
    """Check settings, texts, keys and the database; exit with 1 if something is not ready."""
    from port_runtime.health import Check, run_checks

    from identity.adapters.sql.engine import database_probe
    from identity.adapters.sql.migrations import revision_probe
    from identity.bootstrap.ports import open_dependencies

    with open_dependencies(read_settings(WebSettings)) as dependencies:
        engine = dependencies.engine
        report = run_checks(
            [Check("database", database_probe(engine)), Check("migrations", revision_probe(engine))]
        )
    results = {"settings": "ok", **report.results}
    click.echo(
        json.dumps(results) if as_json else "\n".join(f"{name}: {found}" for name, found in results.items())
    )
    sys.exit(0 if report.ok else 1)


@click.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    from identity.processes.openapi import openapi_document

    click.echo(openapi_document())


COMMANDS = (serve, relay, migrate, tidy, check, openapi)
