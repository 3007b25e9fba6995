"""`identity tidy`: end lapsed accounts and bindings, suspend idle accounts, delete data past its retention."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import click
from port_runtime.signals import interrupt_on_sigterm

from identity.cli.operator import read_settings
from identity.cli.output import as_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from identity.settings.tidy import TidySettings
    from identity.usecases.ports import Ports


@click.command()
@as_json
def tidy(*, as_json: bool) -> None:
    """End what was not verified in time, suspend idle accounts, and delete data past its retention."""
    interrupt_on_sigterm()
    from identity.adapters.sql.purger import SqlPurger
    from identity.adapters.sql.tidy_runs import record_tidy_run
    from identity.bootstrap.tidy import open_tidy
    from identity.settings.tidy import TidySettings
    from identity.usecases.tidy import clean_up

    settings = read_settings(TidySettings)
    with open_tidy(settings) as (ports, engine):
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
        record_tidy_run(engine, ports.clock.now())
    line = (
        "lapsed accounts: {accounts}, lapsed bindings: {bindings}, forgotten email changes: {email_changes}, "
        "suspended idle accounts: {idle}, "
        "dropped rows: {rows}, dropped facts: {facts}, dropped rows of the audit log: {audit_rows}"
    )
    click.echo(json.dumps(counts) if as_json else line.format(**counts))


def _suspend_idle(ports: "Ports", settings: "TidySettings") -> int:
    from identity.usecases.idle_accounts import suspend_idle

    if settings.idle_disabled is None:
        return 0
    return suspend_idle(ports, timedelta(seconds=settings.idle_disabled))


def _prune_audit(ports: "Ports", engine: "Engine", settings: "TidySettings") -> int:
    """Delete whole segments past their retention; return the number of their rows. Without keys, delete nothing."""
    from identity.adapters.key_derivation import chain_keys
    from identity.adapters.sql.audit_chain import SqlAuditChain
    from identity.usecases.audit.chaining import NotAuthentic, prune

    keys = chain_keys(settings.audit_keys)
    if keys is None:
        return 0
    before = ports.clock.now() - timedelta(seconds=settings.audit_kept)
    try:
        return prune(ports, SqlAuditChain(engine), keys, before=before)
    except NotAuthentic as error:
        raise click.ClickException(f"{error}: run `identity audit verify`") from None
