"""`identity keys`: generating, listing and rotating the keys of an installation (SEC-4, SEC-9)."""

import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

import click
from port_runtime.settings import load

from identity.cli.base import as_json
from identity.settings.keys import KeySettings

if TYPE_CHECKING:
    from port_runtime.secret import Secret

_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON instead of lines for an environment file."
)
_KEY_BYTES = 48
T = TypeVar("T")


@click.group()
def keys() -> None:
    """Generate, list and rotate the keys of an installation."""


@keys.command("new")
@_JSON
def new_keys(*, as_json: bool) -> None:
    """Print a new signing key and new JWK sets for both services; keep them as secrets."""
    from port_events.sealing import new_key_sets

    key_sets = new_key_sets()
    values = {
        "IDENTITY_SECRET_KEYS": _new_secret(),
        "IDENTITY_AUDIT_KEYS": _new_secret(),
        "MAIL_SEAL_PUBLIC_KEYS": key_sets.seal_public,
        "MAIL_SEAL_PRIVATE_KEYS": key_sets.seal_private,
        "MAIL_SIGN_PRIVATE_KEYS": key_sets.sign_private,
        "MAIL_SIGN_PUBLIC_KEYS": key_sets.sign_public,
    }
    _print(values, as_json=as_json)


@keys.command("list")
@as_json
def list_keys(*, as_json: bool) -> None:
    """List the ids of the configured keys, the current one first. The keys themselves are not shown."""
    found = dict(_ids(_settings()))
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for name, ids in found.items():
        click.echo(f"{name}: {', '.join(ids)}")


@keys.group()
def rotate() -> None:
    """Print the current keys with a new one first. The older keys still verify and decrypt."""


@rotate.command()
@_JSON
def signing(*, as_json: bool) -> None:
    """Rotate IDENTITY_SECRET_KEYS, which sign links, cookies and codes.

    Give every web process the new value; remove the last key once its links and device cookies have expired.
    """
    present = _required(_settings().secret_keys, "IDENTITY_SECRET_KEYS")
    values = [_new_secret(), *(key.reveal() for key in present)]
    _print({"IDENTITY_SECRET_KEYS": ",".join(values)}, as_json=as_json)


@rotate.command()
@_JSON
def audit(*, as_json: bool) -> None:
    """Rotate IDENTITY_AUDIT_KEYS, which chain the audit log.

    Give the new value to every relay, and to `tidy` and `audit verify`. Remove a key when its rows are deleted.
    """
    present = _required(_settings().audit_keys, "IDENTITY_AUDIT_KEYS")
    values = [_new_secret(), *(key.reveal() for key in present)]
    _print({"IDENTITY_AUDIT_KEYS": ",".join(values)}, as_json=as_json)


@rotate.command()
@_JSON
def seal(*, as_json: bool) -> None:
    """Rotate the keys that seal mails; needs the mailer's MAIL_SEAL_PRIVATE_KEYS.

    Give the private set to every mailer first, then the public one to identity.
    """
    from port_events.keys import SEAL_CURVE

    present = _required(_settings().seal_private, "MAIL_SEAL_PRIVATE_KEYS")
    private, public = _rotated(present, SEAL_CURVE, "MAIL_SEAL_PRIVATE_KEYS")
    _print({"MAIL_SEAL_PRIVATE_KEYS": private, "MAIL_SEAL_PUBLIC_KEYS": public}, as_json=as_json)


@rotate.command()
@_JSON
def sign(*, as_json: bool) -> None:
    """Rotate the keys that sign mails; needs identity's MAIL_SIGN_PRIVATE_KEYS.

    Give the public set to every mailer first, then the private one to identity.
    """
    from port_events.keys import SIGN_CURVE

    present = _required(_settings().sign_private, "MAIL_SIGN_PRIVATE_KEYS")
    private, public = _rotated(present, SIGN_CURVE, "MAIL_SIGN_PRIVATE_KEYS")
    _print({"MAIL_SIGN_PUBLIC_KEYS": public, "MAIL_SIGN_PRIVATE_KEYS": private}, as_json=as_json)


def _settings() -> KeySettings:
    return load(KeySettings, os.environ)


def _required(value: T | None, name: str) -> T:
    if value is None:
        raise click.ClickException(f"{name}: must be set for this command, directly or as {name}_FILE")
    return value


def _rotated(present: "Secret", curve: str, name: str) -> tuple[str, str]:
    from port_events.keys import KeySetError, with_new_key

    try:
        return with_new_key(present.reveal(), curve=curve)
    except KeySetError as error:
        raise click.ClickException(f"{name}: {error}") from None


def _ids(settings: KeySettings) -> Iterator[tuple[str, list[str]]]:
    """Yield the ids of the keys that are set. The id of a symmetric key is part of a key derived from it."""
    from port_events.keys import SEAL_CURVE, SIGN_CURVE, KeySetError, key_ids

    from identity.adapters.signed_tokens import AUDIT_PURPOSE, derive
    from identity.domain.audit_chain import key_id_of

    if settings.secret_keys:
        yield "IDENTITY_SECRET_KEYS", [derive(key, "key-id").hex()[:16] for key in settings.secret_keys]
    if settings.audit_keys:
        yield "IDENTITY_AUDIT_KEYS", [key_id_of(derive(key, AUDIT_PURPOSE)) for key in settings.audit_keys]
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


def _new_secret() -> str:
    import secrets

    return secrets.token_urlsafe(_KEY_BYTES)


def _print(values: Mapping[str, str], *, as_json: bool) -> None:
    click.echo(
        json.dumps(values) if as_json else "\n".join(f"{name}={value}" for name, value in values.items())
    )
