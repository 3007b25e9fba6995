"""`identity serve`, `relay`, `migrate`, `tidy`, `check` and `openapi`: the processes and the jobs."""

import json
import signal
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from port_runtime import multiprocess_metrics

from identity.cli.base import as_json, read_settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from identity.settings.retention import TidySettings
    from identity.usecases.ports import Ports


@click.command()
def serve() -> None:
    """Serve portal and API with gunicorn, in the foreground."""
    from identity.settings.web import WebSettings

    settings = read_settings(WebSettings)
    # Must precede the import of prometheus_client, which chooses its multiprocess mode at import.
    shared = multiprocess_metrics.create_directory("identity-metrics-") if settings.metrics_bind else None
    try:
        from identity.processes.gunicorn_server import Server

        server = Server(settings, shared)
    except BaseException:
        if shared:
            multiprocess_metrics.remove_directory(shared)  # once gunicorn runs, its on_exit hook does it
        raise
    server.run()


@click.command()
def relay() -> None:
    """Publish events from the outbox; any number may run, one leads."""
    from identity.processes.relay import serve as run
    from identity.settings.relay import RelaySettings

    settings = read_settings(RelaySettings)
    run(settings)


@click.command()
def migrate() -> None:
    """Bring the database up to date; safe to run repeatedly and concurrently."""
    _interrupt_on_sigterm()
    from identity.adapters.sql.engine import open_engine
    from identity.adapters.sql.migrations import migrate as run
    from identity.settings.database import DatabaseSettings

    settings = read_settings(DatabaseSettings)
    before, after = run(open_engine(settings.database_url.reveal()))
    click.echo(
        f"database: {before or 'empty'} -> {after}" if before != after else f"database: {after}, up to date"
    )


@click.command()
@as_json
def tidy(*, as_json: bool) -> None:
    """Close unverified accounts and bindings, suspend idle accounts, and delete expired data."""
    _interrupt_on_sigterm()
    from identity.adapters.sql.purger import SqlPurger
    from identity.bootstrap.ports import open_dependencies
    from identity.domain.audit import Caller
    from identity.settings.retention import TidySettings
    from identity.settings.web import WebSettings
    from identity.usecases.retention import clean_up

    settings = read_settings(TidySettings)
    with open_dependencies(read_settings(WebSettings)) as dependencies:
        engine = dependencies.engine
        ports = dependencies.ports.by(Caller(kind="system", name="tidy"))
        result = clean_up(ports, SqlPurger(engine))
        counts = {
            "accounts": result.accounts,
            "bindings": result.bindings,
            "email_changes": result.email_changes,
            "idle": _suspend_idle(ports, settings),
            "rows": result.rows,
            "facts": result.events,
            "audit_rows": _prune_audit(ports, engine, settings),
        }
    line = (
        "lapsed accounts: {accounts}, lapsed bindings: {bindings}, forgotten email changes: {email_changes}, "
        "suspended idle accounts: {idle}, "
        "dropped rows: {rows}, dropped facts: {facts}, dropped rows of the audit log: {audit_rows}"
    )
    click.echo(json.dumps(counts) if as_json else line.format(**counts))


def _interrupt_on_sigterm() -> None:
    """Treat SIGTERM like Ctrl-C: the first process of a container ignores signals without a handler.

    On an interrupt psycopg cancels the running statement, which the server would otherwise finish.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def _suspend_idle(ports: "Ports", settings: "TidySettings") -> int:
    from identity.usecases.retention import suspend_idle

    if settings.idle_disabled is None:
        return 0
    return suspend_idle(ports, timedelta(seconds=settings.idle_disabled))


def _prune_audit(ports: "Ports", engine: "Engine", settings: "TidySettings") -> int:
    """Delete whole segments past their retention; without keys, no segment exists."""
    from identity.adapters.signed_tokens import seal_keys
    from identity.adapters.sql.audit_chain import SqlAuditChain
    from identity.usecases.audit.chaining import prune

    keys = seal_keys(settings.audit_keys)
    if keys is None:
        return 0
    before = ports.clock.now() - timedelta(seconds=settings.audit_kept)
    return prune(ports, SqlAuditChain(engine), keys, before=before)


@click.command()
@as_json
def check(*, as_json: bool) -> None:
    """Check settings, consent texts, keys and the database; exit with 1 if a check fails."""
    from port_runtime.health import Check, run_checks

    from identity.adapters.sql.engine import database_probe
    from identity.adapters.sql.migrations import revision_probe
    from identity.bootstrap.ports import open_dependencies
    from identity.settings.web import WebSettings

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
    """Print the OpenAPI document of the API."""
    from identity.processes.openapi import openapi_document

    click.echo(openapi_document())


COMMANDS = (serve, relay, migrate, tidy, check, openapi)
