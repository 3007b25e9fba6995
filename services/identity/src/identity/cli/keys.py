"""`identity keys`: the keys of an installation (SEC-4, SEC-9)."""

import json

import click


@click.group()
def keys() -> None:
    """Make the keys of an installation."""


@keys.command("new")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines for an environment file.")
def new_keys(*, as_json: bool) -> None:
    """Print a new signing key and new JWK sets for both services; keep them as secrets."""
    import secrets

    from port_events.sealing import new_key_sets

    made = new_key_sets()
    values = {
        "IDENTITY_SECRET_KEYS": secrets.token_urlsafe(48),
        "MAIL_SEAL_PUBLIC_KEYS": made.seal_public,
        "MAIL_SEAL_PRIVATE_KEYS": made.seal_private,
        "MAIL_SIGN_PRIVATE_KEYS": made.sign_private,
        "MAIL_SIGN_PUBLIC_KEYS": made.sign_public,
    }
    click.echo(
        json.dumps(values) if as_json else "\n".join(f"{name}={value}" for name, value in values.items())
    )
