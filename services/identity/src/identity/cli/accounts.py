"""`identity accounts`: what operators look up and decide (REV-2)."""

import json
from typing import TYPE_CHECKING, Any

import click

from identity.cli.operating import acting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from identity.domain.account import Account
    from identity.usecases.ports import Ports


@click.group()
def accounts() -> None:
    """Find accounts, and decide on them."""


@accounts.command("list")
@click.option(
    "--status", type=click.Choice(["email_unverified", "awaiting_review", "active", "suspended", "closed"])
)
@click.option("--kind", type=click.Choice(["general", "link"]))
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@acting
def list_accounts(ports: "Ports", *, status: Any, kind: Any, limit: int, as_json: bool) -> None:
    """List accounts, oldest first."""
    from identity.usecases import review

    _print_accounts(review.find(ports, status=status, kind=kind, limit=limit), as_json=as_json)


@accounts.command("show")
@click.argument("username")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@acting
def show_account(ports: "Ports", username: str, *, as_json: bool) -> None:
    """Show one account."""
    from identity.usecases import review

    _print_accounts([review.show(ports, username)], as_json=as_json)


def _decision(name: str, explanation: str, *, reasoned: bool = False) -> None:
    """Define a command that changes one account's state."""

    def decide(ports: "Ports", username: str, **named: str) -> None:
        from identity.usecases import review

        account = getattr(review, name)(ports, username, **named)
        click.echo(f"{account.username}: {account.status}")

    decide.__doc__ = explanation
    command = accounts.command(name)(click.argument("username")(acting(decide)))
    if reasoned:
        command.params.append(
            click.Option(["--reason"], required=True, help="What the applicant is told, in Chinese.")
        )


_decision("approve", "Approve an account that awaits review, and tell the applicant.")
_decision(
    "reject", "Reject an account that awaits review, tell the applicant why, and close it.", reasoned=True
)
_decision("suspend", "Suspend an account: its sessions end at once.")
_decision("reinstate", "Lift a suspension.")
_decision("close", "Close an account for good: its name and mailbox are free again.")


def _print_accounts(found: "Sequence[Account]", *, as_json: bool) -> None:
    rows = [
        {
            "username": account.username,
            "kind": account.kind,
            "status": account.status,
            "name": account.name,
            "tax_id": account.tax_id,
            "company": account.company_name,
            "created_at": account.created_at.isoformat(timespec="seconds"),
        }
        for account in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    for row in rows:
        click.echo(
            "{username:<30} {kind:<8} {status:<17} {created_at}  {tax_id:<10} {name}  {company}".format(**row)
        )
