"""`identity keys rotate`: print the configured keys with a new key first (SEC-4, SEC-9, OIDC-26)."""

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import click

from identity.cli.keys import json_option, keys, new_secret, print_values, read_keys

if TYPE_CHECKING:
    from port_runtime.secret import Secret

_STARTS_IN = timedelta(hours=1)
T = TypeVar("T")


@keys.group()
def rotate() -> None:
    """Print the current keys with new keys first. The older keys still verify and decrypt."""


@rotate.command()
@json_option
def signing(*, as_json: bool) -> None:
    """Rotate IDENTITY_SECRET_KEYS, which sign links, cookies and codes.

    Give every web process the new value; remove the last key once its links and device cookies have expired.
    """
    present = _required(read_keys().secret_keys, "IDENTITY_SECRET_KEYS")
    values = [new_secret(), *(key.reveal() for key in present)]
    print_values({"IDENTITY_SECRET_KEYS": ",".join(values)}, as_json=as_json)


@rotate.command()
@json_option
def audit(*, as_json: bool) -> None:
    """Rotate IDENTITY_AUDIT_KEYS, which chain the audit log.

    Give the new value to every relay, and to `tidy` and `audit verify`. Remove a key once the rows that it chained are
    deleted.
    """
    present = _required(read_keys().audit_keys, "IDENTITY_AUDIT_KEYS")
    values = [new_secret(), *(key.reveal() for key in present)]
    print_values({"IDENTITY_AUDIT_KEYS": ",".join(values)}, as_json=as_json)


@rotate.command()
@json_option
def oidc(*, as_json: bool) -> None:
    """Rotate IDENTITY_OIDC_KEYS, which sign tokens for other services.

    The two new keys start signing in an hour. Within this hour, give the new value to every web process, then to every
    `notify`, so that services can fetch the keys before one of them signs. Remove the old keys a day later.
    """
    from identity.adapters.clock import SystemClock
    from identity.adapters.jose.jwk import KeySetError
    from identity.adapters.jose.signing_keys import new_signing_keys

    present = _required(read_keys().oidc_keys, "IDENTITY_OIDC_KEYS")
    try:
        rotated = new_signing_keys(SystemClock().now(), starts_in=_STARTS_IN, former=present.reveal())
    except KeySetError as error:
        raise click.ClickException(f"IDENTITY_OIDC_KEYS: {error}") from None
    print_values({"IDENTITY_OIDC_KEYS": rotated}, as_json=as_json)


@rotate.command()
@json_option
def seal(*, as_json: bool) -> None:
    """Rotate the keys that seal mails; needs the mailer's MAIL_SEAL_PRIVATE_KEYS.

    Give the private set to every mailer first, then the public set to identity.
    """
    from port_events.keys import SEAL_CURVE

    present = _required(read_keys().seal_private, "MAIL_SEAL_PRIVATE_KEYS")
    private, public = _rotated(present, SEAL_CURVE, "MAIL_SEAL_PRIVATE_KEYS")
    print_values({"MAIL_SEAL_PRIVATE_KEYS": private, "MAIL_SEAL_PUBLIC_KEYS": public}, as_json=as_json)


@rotate.command()
@json_option
def sign(*, as_json: bool) -> None:
    """Rotate the keys that sign mails; needs identity's MAIL_SIGN_PRIVATE_KEYS.

    Give the public set to every mailer first, then the private set to identity.
    """
    from port_events.keys import SIGN_CURVE

    present = _required(read_keys().sign_private, "MAIL_SIGN_PRIVATE_KEYS")
    private, public = _rotated(present, SIGN_CURVE, "MAIL_SIGN_PRIVATE_KEYS")
    print_values({"MAIL_SIGN_PUBLIC_KEYS": public, "MAIL_SIGN_PRIVATE_KEYS": private}, as_json=as_json)


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
