"""`identity keys new` and `list`: the keys of an installation (SEC-4, SEC-9, OIDC-26)."""

import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import click
from port_runtime.settings import load

from identity.cli.output import as_json
from identity.settings.keys import KeySettings

if TYPE_CHECKING:
    from port_runtime.secret import Secret

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of lines for an environment file."
)
_KEY_BYTES = 48


@click.group()
def keys() -> None:
    """Generate, list and rotate the keys of an installation."""


@keys.command("new")
@json_option
def new_keys(*, as_json: bool) -> None:
    """Print new keys of each kind for both services. Keep them secret, except those whose names contain PUBLIC."""
    from port_events.sealing import new_key_sets

    from identity.adapters.clock import SystemClock
    from identity.adapters.jose.signing_keys import new_signing_keys

    key_sets = new_key_sets()
    values = {
        "IDENTITY_SECRET_KEYS": new_secret(),
        "IDENTITY_AUDIT_KEYS": new_secret(),
        "IDENTITY_OIDC_KEYS": new_signing_keys(SystemClock().now()),
        "MAIL_SEAL_PUBLIC_KEYS": key_sets.seal_public,
        "MAIL_SEAL_PRIVATE_KEYS": key_sets.seal_private,
        "MAIL_SIGN_PRIVATE_KEYS": key_sets.sign_private,
        "MAIL_SIGN_PUBLIC_KEYS": key_sets.sign_public,
    }
    print_values(values, as_json=as_json)


@keys.command("list")
@as_json
def list_keys(*, as_json: bool) -> None:
    """List the ids of the configured keys, the newest first. The keys themselves are not shown."""
    found = dict(_ids(read_keys()))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for name, ids in found.items():
        click.echo(f"{name}: {', '.join(ids)}")


def _ids(settings: KeySettings) -> Iterator[tuple[str, list[str]]]:
    """Yield the name and the key ids of each variable that is set. Symmetric keys have ids derived from them."""
    from port_events.keys import SEAL_CURVE, SIGN_CURVE, KeySetError, key_ids

    from identity.adapters.key_derivation import AUDIT_PURPOSE, derive
    from identity.domain.audit_chain import key_id_of

    if settings.secret_keys:
        yield "IDENTITY_SECRET_KEYS", [derive(key, "key-id").hex()[:16] for key in settings.secret_keys]
    if settings.audit_keys:
        yield "IDENTITY_AUDIT_KEYS", [key_id_of(derive(key, AUDIT_PURPOSE)) for key in settings.audit_keys]
    if settings.oidc_keys:
        yield "IDENTITY_OIDC_KEYS", _oidc_ids(settings.oidc_keys)
    private = {
        "MAIL_SEAL_PRIVATE_KEYS": settings.seal_private,
        "MAIL_SIGN_PRIVATE_KEYS": settings.sign_private,
    }
    public = {"MAIL_SEAL_PUBLIC_KEYS": settings.seal_public, "MAIL_SIGN_PUBLIC_KEYS": settings.sign_public}
    sets = {**{name: each.reveal() for name, each in private.items() if each}, **public}
    for name, text in sorted(sets.items()):
        if text:
            curve = SEAL_CURVE if "SEAL" in name else SIGN_CURVE
            try:
                yield name, key_ids(text, curve=curve, private=name in private)
            except KeySetError as error:
                raise click.ClickException(f"{name}: {error}") from None


def _oidc_ids(keys: "Secret") -> list[str]:
    from identity.adapters.jose.jwk import KeySetError
    from identity.adapters.jose.signing_keys import read_signing_keys

    try:
        return [key.kid for key in read_signing_keys(keys.reveal())]
    except KeySetError as error:
        raise click.ClickException(f"IDENTITY_OIDC_KEYS: {error}") from None


def read_keys() -> KeySettings:
    return load(KeySettings, os.environ)


def new_secret() -> str:
    import secrets

    return secrets.token_urlsafe(_KEY_BYTES)


def print_values(values: Mapping[str, str], *, as_json: bool) -> None:
    click.echo(
        json.dumps(values) if as_json else "\n".join(f"{name}={value}" for name, value in values.items())
    )
