"""`identity accounts`: find accounts and change their state (REV-2, OPS-1, OPS-6)."""

from typing import TYPE_CHECKING, Any

import click

from identity.cli.operator import as_operator, with_ports
from identity.cli.output import as_json, for_each, print_row, print_rows, to_json

if TYPE_CHECKING:
    from identity.usecases.ports import Ports

_CELLS = {
    "ACCOUNT": "{username}",
    "KIND": "{kind}",
    "STATUS": "{status}",
    "REGISTERED": "{created_at}",
    "TAX ID": "{tax_id}",
    "NAME": "{name}",
    "COMPANY": "{company}",
    "ID": "{id}",
}
_STATUSES = ["email_unverified", "awaiting_review", "active", "suspended", "closed"]
_names = click.argument("names", nargs=-1, required=True)


@click.group()
def accounts() -> None:
    """Find accounts and change their state.

    A NAME is an account's username or id. Use the id for a closed account, because its username is free again.
    """


@accounts.command("list")
@click.option("--name", help="Part of the username or of the person's name.")
@click.option("--mailbox", help="The complete mail address.")
@click.option("--tax-id", help="The complete tax id.")
@click.option("--company", help="Part of the company's name.")
@click.option("--status", type=click.Choice(_STATUSES))
@click.option("--kind", type=click.Choice(["general", "link"]))
@click.option("--after", help="Start after the account with this id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@as_json
@with_ports
def list_accounts(ports: "Ports", *, as_json: bool, **criteria: Any) -> None:
    """List accounts, oldest first."""
    from identity.http.api.admin_schemas import FoundAccountSchema
    from identity.usecases import account_queries
    from identity.usecases.ports.accounts import AccountFilter

    found = FoundAccountSchema().dump(account_queries.find(ports, AccountFilter(**criteria)), many=True)
    print_rows(found, cells=_CELLS, as_json=as_json)


@accounts.command("show")
@click.argument("name")
@as_json
@with_ports
def show_account(ports: "Ports", name: str, *, as_json: bool) -> None:
    """Show one account with its state."""
    from identity.http.api.admin_schemas import AdminAccountSchema
    from identity.usecases import account_queries

    print_row(AdminAccountSchema().dump(account_queries.show(ports, name)), as_json=as_json)


@accounts.command("history")
@click.argument("name")
@click.option("--before", type=int, help="Start before the row with this id.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@as_json
@with_ports
def history(ports: "Ports", name: str, *, as_json: bool, **criteria: Any) -> None:
    """Show the audit log of an account, newest first."""
    from identity.cli.audit import show_rows
    from identity.usecases.ports.audit import AuditFilter

    show_rows(ports, AuditFilter(account=name, **criteria), as_json=as_json)


def _define(name: str, help_text: str, *, module: str = "operator_support") -> None:
    """Define a command that calls the use case `name` for each account among its arguments."""

    def call(ports: "Ports", names: tuple[str, ...]) -> None:
        from identity.usecases import operator_decisions, operator_support

        use_case = getattr(
            {"operator_support": operator_support, "operator_decisions": operator_decisions}[module], name
        )
        for_each(names, lambda each: use_case(ports, each).status)

    call.__doc__ = help_text
    accounts.command(name.replace("_", "-"))(_names(as_operator(call)))


_define(
    "approve", "Approve accounts that await review, and notify the applicants.", module="operator_decisions"
)
_define(
    "reject",
    "Reject and close accounts that await review. Write the reason in Chinese: it is mailed to the applicants.",
    module="operator_decisions",
)
_define("suspend", "Suspend accounts, and end their sessions at once.", module="operator_decisions")
_define("reinstate", "Lift suspensions.", module="operator_decisions")
_define(
    "close",
    "Permanently close accounts; their usernames and mailboxes can be reused.",
    module="operator_decisions",
)
_define("unlock", "Unlock accounts locked by failed logins.")
_define("resend_mail", "Mail a new verification link; older links become invalid.")


@accounts.command("set-mailbox")
@click.argument("name")
@click.argument("email")
@as_operator
def set_mailbox(ports: "Ports", name: str, email: str) -> None:
    """Mail a link to the new mailbox of a person. A verified old mailbox stays until the link is used."""
    from identity.domain.mailbox import parse_mailbox
    from identity.usecases import operator_support

    mailbox = parse_mailbox(email)
    account = operator_support.set_mailbox(ports, name, email=mailbox)
    click.echo(f"{account.username}: a link to verify the mailbox is mailed to {mailbox}")


@accounts.command("export")
@click.argument("name")
@as_operator
def export_account(ports: "Ports", name: str) -> None:
    """Print, as JSON, all data that are stored about the holder of an account, without secrets."""
    from identity.http.api.admin_schemas import PersonalDataSchema
    from identity.usecases import personal_data

    export = personal_data.export(ports, name)
    lifetimes = ports.rules.sessions
    sessions = [{"session": session, "expires_at": session.ends_at(lifetimes)} for session in export.sessions]
    click.echo(to_json(PersonalDataSchema().dump({"export": export, "sessions": sessions})))


@accounts.command("erase")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@as_operator
def erase(ports: "Ports", name: str, *, yes: bool) -> None:
    """Close an account and permanently erase its personal data."""
    from identity.usecases import personal_data

    if not yes:
        click.confirm(f"Erase all personal data of {name}? This cannot be undone", abort=True)
    account = personal_data.erase(ports, name)
    click.echo(f"{name}: erased; only the id remains: {account.id}")
